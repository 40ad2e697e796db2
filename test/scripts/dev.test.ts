// `npm run dev` in a copy of the source: a change is compiled and the programs are restarted; Ctrl-C ends all.
import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { processesWith } from '../support/processes.ts';
import { describeOnFailure, until } from '../support/until.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SOURCES = ['cli', 'redirector', 'node-agent', 'shared', 'scripts', 'package.json', 'tsconfig*.json'];

const top = mkdtempSync(join(tmpdir(), 'tmpfleet-dev-'));
const dir = join(top, 'source');
const scratch = join(top, 'scratch');
let dev: ChildProcessByStdio<null, Readable, Readable> | undefined;
afterAll(async () => {
  if (dev !== undefined && dev.exitCode === null) {
    const ended = once(dev, 'exit');
    dev.kill('SIGTERM');
    await ended;
  }
  rmSync(top, { recursive: true, force: true });
});

test('a change is compiled and started, and Ctrl-C leaves no process', { timeout: 240_000 }, async () => {
  const list = execFileSync('git', ['ls-files', '-co', '--exclude-standard', ...SOURCES], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  for (const path of list.trim().split('\n'))
    cpSync(join(ROOT, path), join(dir, path), { recursive: true, dereference: true });
  symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'));

  mkdirSync(scratch);
  dev = spawn(process.execPath, [join(dir, 'scripts', 'dev.mjs'), '--port', '0'], {
    cwd: top,
    // All processes that it starts have this in their command line or environment.
    env: { ...process.env, TMPDIR: scratch },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [dev.stdout, dev.stderr])
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  describeOnFailure(() => output);
  const starts = (): number => output.match(/Click: {2}http:/g)?.length ?? 0;

  await until('it is up', () => starts() === 1, 120_000);
  appendFileSync(join(dir, 'shared', 'version.ts'), '\n// A change.\n');
  await until('it is up again', () => starts() === 2, 60_000);
  expect(processesWith(top).length).toBeGreaterThan(3);

  const ended = once(dev, 'exit');
  dev.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
  expect(processesWith(top)).toEqual([]);
});
