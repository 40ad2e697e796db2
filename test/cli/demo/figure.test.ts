// The notebook of the demo's article is in each sandbox that runs a Jupyter of the demo's choice, and its kernel runs before the click.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { dockerFigure, localFigure, NO_FIGURE, type Opening } from '../../../cli/demo/figure.ts';
import { fillPlaceholders, shellScript } from '../../../node-agent/engine/command.ts';
import { notebookOf } from '../../../shared/jupyter/notebook-path.ts';

let dir = '';
let home = '';
let bin = '';
beforeEach(() => {
  // Quotes and spaces in the name of a temporary directory are rare, and allowed.
  dir = mkdtempSync(join(tmpdir(), "tmpfleet figure's "));
  [home, bin] = [join(dir, 'home'), join(dir, 'bin')];
  for (const each of [home, bin]) mkdirSync(each);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const notebookSchema = z.object({
  nbformat: z.literal(4),
  cells: z.array(z.object({ cell_type: z.string(), source: z.string() })),
  metadata: z.object({ kernelspec: z.object({ name: z.string() }) }),
});

/** A `jupyter` that only has this app, and says what it is given. */
function installed(app: string): { readonly PATH: string } {
  const script = `#!/bin/sh\n[ "$1 $2" = "${app} --version" ] && exit 0\n[ "$2" = --version ] && exit 1\necho "$@"\n`;
  for (const name of ['jupyter', `jupyter-${app}`]) writeFileSync(join(bin, name), script, { mode: 0o755 });
  return { PATH: `${bin}:/usr/bin:/bin` };
}

/** As an engine starts a sandbox. @returns what the Jupyter was given */
function start({ args }: Opening, env: { readonly PATH: string }): string {
  const values = { base_path: 'user/abc', port: '8123', ip: '127.0.0.1', token: 'secret' };
  const command = shellScript(fillPlaceholders(args[args.indexOf('--command') + 1] ?? '', values));
  return execFileSync('/bin/sh', ['-c', command], { cwd: home, env, encoding: 'utf8', timeout: 20_000 });
}

function expectFigure(opening: Opening): void {
  const name = opening.args[opening.args.indexOf('--prime') + 1] ?? '';
  // What a click opens is what is primed: another path would start a second kernel.
  expect(notebookOf(opening.path)).toBe(name);
  const { cells, metadata } = notebookSchema.parse(JSON.parse(readFileSync(join(home, name), 'utf8')));
  expect(metadata.kernelspec.name).toBe('python3');
  expect(cells.map(({ cell_type: type }) => type)).toEqual(['markdown', 'code', 'code']);
}

test.each([
  ['notebook', '/notebooks/'],
  ['lab', '/lab/tree/'],
])('jupyter %s: each sandbox begins with the notebook, at %s', async (app, view) => {
  const env = installed(app);
  const opening = await localFigure(dir, env);
  expect([opening.path.startsWith(view), opening.runs]).toEqual([true, `jupyter ${app}`]);
  const given = start(opening, env);
  expect(given).toMatch(new RegExp(`^${app} .*--ip=127\\.0\\.0\\.1 --port=8123 .*base_url=/user/abc/`));
  expectFigure(opening);
});

test('in a container, too', () => {
  const env = installed('notebook');
  const opening = dockerFigure('exec jupyter notebook --port={port}');
  expect(start(opening, env)).toBe('notebook --port=8123\n');
  expectFigure(opening);
});

test('without Jupyter there is none', async () => {
  expect(await localFigure(dir, { PATH: dir })).toBe(NO_FIGURE);
});
