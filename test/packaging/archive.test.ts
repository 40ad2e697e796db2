// The archive for a host: the same bytes each time, with all that is needed to run it there.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ARCHIVE_MS, ensureArchive, PACKAGE, PACKAGE_MS } from '../lab/archive.ts';
import { run } from '../lab/run.ts';
import { until } from '../support/until.ts';

describe.skipIf(process.platform !== 'linux')('the archive', () => {
  let dir: string;
  let first: string;
  let second: string;
  let root: string;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'tmpfleet-archive-'));
    first = await ensureArchive();
    second = await build(join(dir, 'second'), '077', { TZ: 'Asia/Tokyo', LANG: 'de_DE.UTF-8' });
    await run('tar', ['-xzf', first, '-C', dir]);
    root = join(dir, first.slice(first.lastIndexOf('/') + 1, -'.tar.gz'.length));
  }, ARCHIVE_MS + PACKAGE_MS);
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test('is the same, byte for byte, when it is made again elsewhere', async () => {
    expect(first).not.toBe(second);
    expect(sha256(second)).toBe(sha256(first));
    expect(readFileSync(`${first}.sha256`, 'utf8')).toContain(sha256(first));
  });

  test('has its version and its commit', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'lib', 'package.json'), 'utf8'));
    const commit = (await run('git', ['rev-parse', '--short=12', 'HEAD'])).trim();
    const printed = await run(join(root, 'bin', 'tmpfleet'), ['--version']);
    expect(printed).toContain(version);
    expect(printed).toContain(commit);
    expect(JSON.parse(readFileSync(join(root, 'about.json'), 'utf8')).commit).toContain(commit);
  });

  test('contains no build leftovers, and its files belong to root', async () => {
    const names = (await run('tar', ['-tzf', first])).trim().split('\n');
    expect(names.filter((name) => /node_modules\/(vitest|typescript|@biomejs)\//.test(name))).toEqual([]);
    expect(names.filter((name) => /\.(node|d\.ts|map)$/.test(name))).toEqual([]);
    const owners = (await run('tar', ['-tvzf', first, '--numeric-owner'])).trim().split('\n');
    expect(owners.filter((line) => line.split(/\s+/)[1] !== '0/0')).toEqual([]);
  });

  test('serves, with its own Node and nothing else on the PATH', async () => {
    // dirname, readlink: a directory with the basic tools, but without any node.
    const tools = join(dir, 'tools');
    mkdirSync(tools);
    await run('ln', ['-s', '/usr/bin/dirname', '/usr/bin/readlink', '/bin/sh', tools]);
    const flags = ['--host', '127.0.0.1', '--port', '0', '--control-port', '0'];
    const server = spawn(
      join(root, 'bin', 'tmpfleet'),
      ['redirector', ...flags, '--log-format', 'json', '--data-dir', join(dir, 'state')],
      { env: { PATH: tools }, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    try {
      let log = '';
      server.stderr.setEncoding('utf8').on('data', (text: string) => {
        log += text;
      });
      const url = await until(`it is up: ${log}`, () => /"url":"(http:[^"]+)"/.exec(log)?.[1]);
      expect((await fetch(`${url}/stats`)).status).toBe(200);
    } finally {
      server.kill('SIGTERM');
      await until('it has ended', () => server.exitCode !== null || server.signalCode !== null);
    }
  });
});

/** @returns the archive's path */
async function build(out: string, umask: string, env: Readonly<Record<string, string>>): Promise<string> {
  const command = `umask ${umask} && exec "$0" "$1" --out "$2"`;
  const printed = await run('sh', ['-c', command, process.execPath, PACKAGE, out], {
    timeout: PACKAGE_MS,
    env,
  });
  return printed.split('\n')[0] ?? '';
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
