// A front or a node with a configuration file that a test changes and has read again.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { LIGHT_COMMAND } from '../../support/light-server.ts';
import { freePlaces, type Run, tmpfleet } from '../../support/tmpfleet.ts';

let dir: string;
const runs: Run[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tmpfleet-reload-'));
});
afterEach(async () => {
  await Promise.all(runs.splice(0).map((run) => run.stop()));
  rmSync(dir, { recursive: true, force: true });
});

export interface Program {
  readonly run: Run;
  readonly url: string;
  readonly control: string;
}

/** A file of the test's, which other users cannot read. @returns its path */
export function write(text: string, name = 'config.yaml'): string {
  const path = join(dir, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

async function start(program: string, config: string, flags: readonly string[]): Promise<Program> {
  const place = freePlaces(join(dir, program));
  const options = ['--config', write(config), ...place, '--log-format', 'json', ...flags];
  const run = tmpfleet([program, ...options]);
  runs.push(run);
  const [, url = '', control = ''] = await run.printed(/"url":"(http:[^"]+)","control":"(http:[^"]+)"/);
  return { run, url, control };
}

export function startFront(config: string, flags: readonly string[] = []): Promise<Program> {
  return start('redirector', config, flags);
}

/** Its command is the light server, unless the configuration has one. */
export function startNode(config: string, flags: readonly string[] = []): Promise<Program> {
  const command = /^command:/m.test(config) ? [] : ['--command', LIGHT_COMMAND];
  return start('node-agent', config, ['--engine', 'local', '--ephemeral', ...command, ...flags]);
}

export async function reload(
  who: 'front' | 'node',
  { control }: Program,
): Promise<{ code: number | string; text: string }> {
  const run = tmpfleet(['reload', who, `--${who}`, control]);
  const code = await run.ended;
  return { code, text: run.output() };
}
