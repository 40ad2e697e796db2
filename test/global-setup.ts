// Prepares, once before the suites of a project, the real parts that they name; removes all of them afterwards.
import { relative } from 'node:path';
import type { TestProject } from 'vitest/node';
import { type PartName, prepareParts } from './lab/parts.ts';
import { partsNamedIn, projectOf } from './projects.ts';

const NAMES: Readonly<Record<string, PartName>> = {
  docker: 'docker',
  jupyter: 'jupyter',
  jupyterlab: 'jupyterlab',
  notebook7: 'notebook7',
  chromium: 'chromium',
  node24: 'node24',
  promtool: 'promtool',
  redis: 'redis',
  terminal: 'terminal',
  thebe: 'thebe',
  sphinx: 'sphinx',
  registry: 'registry',
  debian: 'debian',
};

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const files = project.vitest.state
    .getPaths()
    .map((path) => relative(project.vitest.config.root, path))
    .filter((file) => projectOf(file) === project.name);
  const parts = new Set(files.flatMap(partsNamedIn).flatMap((name) => NAMES[name] ?? []));
  const lab = await prepareParts(parts);
  project.provide('lab', lab.report);
  return lab.stop;
}
