// How a suite names the real parts that it needs. Where they are missing it is skipped by name, with the reason;
// where nothing may be skipped (CI) it fails.
import { describe, inject, test } from 'vitest';
import type { LabReport, PartName, Parts } from './parts.ts';

declare module 'vitest' {
  interface ProvidedContext {
    lab: LabReport;
  }
}

type Needed<Names extends readonly PartName[]> = { readonly [Name in Names[number]]: Parts[Name] };

/**
 * `describe`, for a suite that needs parts. Write the names as literals: they are read from the file's text
 * before any suite runs, so that only the parts in use are prepared.
 *
 * @example describeNeeding(['docker', 'jupyter'], 'a real notebook', ({ docker, jupyter }) => { … })
 */
export function describeNeeding<const Names extends readonly PartName[]>(
  names: Names,
  title: string,
  suite: (parts: Needed<Names>) => void,
): void {
  const report = inject('lab');
  const reasons = names.flatMap((name) => reasonAgainst(report, name));
  if (reasons.length === 0) {
    describe(title, () => suite(collect(report, names)));
    return;
  }
  const reason = [...new Set(reasons)].join('; ');
  if (mayNotSkip()) {
    describe(title, () => {
      test(`needs ${names.join(' and ')}`, () => {
        throw new Error(`nothing may be skipped here, but ${reason}`);
      });
    });
    return;
  }
  process.stderr.write(`skipped: ${title}: ${reason}\n`);
  describe.skip(`${title} (skipped: ${reason})`, () => {
    test('everything in it', () => undefined);
  });
}

/** In CI, and wherever it is requested, a missing part is a failure. */
function mayNotSkip(): boolean {
  const isSet = (value: string | undefined): boolean =>
    value !== undefined && !['', '0', 'false'].includes(value);
  return isSet(process.env.CI) || isSet(process.env.TMPFLEET_TEST_NO_SKIP);
}

function reasonAgainst(report: LabReport, name: PartName): readonly string[] {
  const entry = report[name];
  if (entry === undefined)
    throw new Error(`${name} was not prepared: name it as a literal in describeNeeding([…])`);
  return entry.available ? [] : [entry.reason];
}

function collect<const Names extends readonly PartName[]>(report: LabReport, names: Names): Needed<Names> {
  const parts: Partial<Record<PartName, Parts[PartName]>> = {};
  for (const name of names) {
    const entry = report[name];
    if (entry?.available) parts[name] = entry.part;
  }
  // reasonAgainst checked each name; the types cannot follow a loop over keys.
  return parts as Needed<Names>;
}
