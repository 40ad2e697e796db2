// Before all suites: prepares the real parts that the suites of this run name, once; after them: takes all away.
import { readFileSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { type PartName, prepareParts } from './lab/parts.ts';

const NAMES: Readonly<Record<string, PartName>> = {
  docker: 'docker',
  jupyter: 'jupyter',
  chromium: 'chromium',
  node24: 'node24',
  promtool: 'promtool',
  redis: 'redis',
  terminal: 'terminal',
  debian: 'debian',
};

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const lab = await prepareParts(partsNamedIn(project.vitest.state.getPaths()));
  project.provide('lab', lab.report);
  return lab.stop;
}

/** Read from their text, because unit tests by themselves must not wait for an engine. */
function partsNamedIn(files: readonly string[]): ReadonlySet<PartName> {
  const lists = files.flatMap((file) => [
    ...readFileSync(file, 'utf8').matchAll(/describeNeeding\(\s*\[([^\]]*)\]/g),
  ]);
  const words = lists.flatMap(([, list = '']) => list.match(/\w+/g) ?? []);
  return new Set(words.flatMap((word) => NAMES[word] ?? []));
}
