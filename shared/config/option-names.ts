// Spellings of an option's name: from its key in code to its flag, its YAML key and its environment variable.

/** `maxAge` → `max-age`: the flag (after two dashes) and the key in YAML. */
export function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `maxAge` → `TMPFLEET_MAX_AGE`. */
export function envName(key: string): string {
  return `TMPFLEET_${kebab(key).replaceAll('-', '_').toUpperCase()}`;
}
