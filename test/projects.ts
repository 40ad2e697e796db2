// The project of vitest that each test file belongs to, from its text: a file that needs the lab or the build names it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/**
 * - `unit`: needs nothing but Node: no root, no part of the lab, no build.
 * - `process`: runs the built programs, and at most a part of the lab that any machine can install.
 * - `lab`: about Docker, browsers, hosts, archives or measurements. The version of Node makes little difference.
 */
export const PROJECTS = ['unit', 'process', 'lab'] as const;
export type ProjectName = (typeof PROJECTS)[number];

/** Folders that test other programs, or this machine's speed. */
const LAB_FILES =
  /^test\/(ansible|bench|lab|monitoring|packaging|fleet\/hosts)\/|^test\/fleet\/crowd\.test\.ts$/;
/** Parts of the lab that are programs of their own, and do not depend on Node. */
const LAB_PARTS = /^(docker|jupyter|jupyterlab|notebook7|chromium|promtool|debian)$/;
/** How a file names what `npm run build` makes, or starts it: a Node of its own, a node-agent whose sandboxes are scratchpads. */
const BUILT = /(?:['"`\s]|\.\.\/)dist\/|process\.execPath|engine: 'local'/;

/** Left out of CI, because what they are about changes from day to day; see CONTRIBUTING.md. */
const BY_HAND = process.env.TMPFLEET_TEST_BY_HAND === undefined ? /^test\/by-hand\// : /^$/;

/** Paths from the top of the repository. */
export function filesOf(project: ProjectName): string[] {
  return readdirSync('test', { recursive: true, encoding: 'utf8' })
    .map((path) => join('test', path))
    .filter((path) => path.endsWith('.test.ts') && !BY_HAND.test(path) && projectOf(path) === project)
    .sort();
}

/** @param file a path from the top of the repository */
export function projectOf(file: string): ProjectName {
  const parts = partsNamedIn(file);
  if (LAB_FILES.test(file) || parts.some((part) => LAB_PARTS.test(part))) return 'lab';
  const reached = [...reachedFrom(file)];
  const needsLab = reached.some((path) => path.startsWith('test/lab/'));
  const needsBuild = reached.some((path) => BUILT.test(readFileSync(path, 'utf8')));
  return needsLab || needsBuild ? 'process' : 'unit';
}

/** The parts of the lab that a file names in `describeNeeding([…])`. */
export function partsNamedIn(file: string): readonly string[] {
  const lists = readFileSync(file, 'utf8').matchAll(/describeNeeding\(\s*\[([^\]]*)\]/g);
  return [...lists].flatMap(([, list = '']) => list.match(/\w+/g) ?? []);
}

/** The file, and all below test/ that it imports, directly or not; type-only imports do not count. */
function reachedFrom(file: string, seen: Set<string> = new Set()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(file, 'utf8').replaceAll(/^import type [^;]*;/gm, '');
  for (const [, target = ''] of text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)) {
    const path = normalize(join(dirname(file), target));
    if (path.startsWith('test/') && existsSync(path)) reachedFrom(path, seen);
  }
  return seen;
}
