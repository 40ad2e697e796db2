// Spellings of an option's name: from its key in code to its flag, its YAML key and its environment variable.

/** The units that end the key of a time or a size in code. An operator writes the unit in the value instead. */
const UNIT = /(Ms|Bytes)$/;

/** `maxAgeMs` → `maxAge`: the name under which commander files the flag's value. */
export function flagKey(key: string): string {
  return key.replace(UNIT, '');
}

/** `maxAgeMs` → `max-age`: the flag (after two dashes) and the key in YAML. */
export function kebab(key: string): string {
  return flagKey(key).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `maxAgeMs` → `TMPFLEET_MAX_AGE`. */
export function envName(key: string): string {
  return `TMPFLEET_${kebab(key).replaceAll('-', '_').toUpperCase()}`;
}
