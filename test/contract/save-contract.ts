// What is handed out of a sandbox's home, as one suite for each engine: every byte, odd names, and whole archives also while the
// home is written to.
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { lstat, mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { ExecutingEngine } from '../../node-agent/engine/engine.ts';
import { archiveOf } from '../../node-agent/home-files/archives.ts';
import { openHomeTar } from '../../node-agent/home-files/home-tar.ts';
import { readTar } from '../../node-agent/home-files/read-tar.ts';
import type { SaveFormat } from '../../shared/protocol/save.ts';
import { ensurePackages } from '../lab/install.ts';
import { has, run } from '../lab/run.ts';
import { FULL_SCALE } from '../support/full-scale.ts';
import { until } from '../support/until.ts';
import { askSandbox, type EngineHost, echoCommand, newSpec } from './engine-contract.ts';

vi.setConfig({ testTimeout: 240_000 });

const LIMITS = { bytes: 1024 ** 3, files: 20_000 };
const MIB = 1024 ** 2;
/** Archives of a home that is being written to. */
const ROUNDS = FULL_SCALE ? 50 : 10;

/** No single quotes: they are quoted in a shell command. */
const MAKE_FILES = `
const fs = require("fs");
fs.writeFileSync("small", "k".repeat(1024), { mode: 0o640 });
const big = Buffer.alloc(50 * 1024 * 1024);
for (let at = 0; at < big.length; at += 4) big.writeUInt32LE(Math.imul(at, 2654435761) >>> 0, at);
fs.writeFileSync("big", big);
fs.mkdirSync("many");
for (let n = 0; n < 10000; n += 1) fs.writeFileSync("many/" + n, String(n));
fs.symlinkSync("small", "link");
fs.symlinkSync("/nowhere/at all", "broken link");
fs.linkSync("small", "same");
fs.writeFileSync("two\\nlines", "newline");
fs.writeFileSync("ünï 文字", "unicode");
fs.writeFileSync("-rf", "dash");
fs.mkdirSync("empty/below", { recursive: true });
fs.mkdirSync("d".repeat(200));
fs.writeFileSync("d".repeat(200) + "/" + "f".repeat(200), "long");
`;

/** Grows, shrinks, comes and goes, as fast as it can, until it is ended. */
const KEEP_WRITING = `
const fs = require("fs");
for (let n = 0; ; n += 1) {
  const name = "busy" + (n % 40);
  if (n % 3 === 0) fs.rmSync(name, { force: true });
  else if (n % 3 === 1) fs.writeFileSync(name, Buffer.alloc((n * 7919) % 300000, n));
  else try { fs.truncateSync(name, (n * 31) % 1000); } catch {}
  fs.appendFileSync("log", "x".repeat(n % 1000));
  if (n % 500 === 0) fs.truncateSync("log", 10);
}
`;

/** Not ended from outside; what could not be ended fails the test. */
export const never = () => ({
  signal: new AbortController().signal,
  onFault: (error: unknown) => expect(error).toBeUndefined(),
});

export function saveContract(title: string, host: EngineHost): void {
  describe(title, () => {
    const opened: ExecutingEngine[] = [];
    const dirs: string[] = [];
    afterEach(async () => {
      for (const engine of opened.splice(0)) await engine.close({ purge: true });
      for (const dir of dirs.splice(0)) await rm(dir, { recursive: true, force: true });
    });
    const start = async () => {
      const engine = host.engine(`save-${randomBytes(4).toString('hex')}`, echoCommand(host));
      opened.push(engine);
      await engine.open(() => undefined);
      const spec = newSpec();
      await askSandbox(await engine.start(spec), spec.id);
      const begin = (script: string) =>
        engine.execute({ ...spec, command: ['/bin/sh', '-c', script], stdin: false });
      const execute = async (script: string): Promise<void> => {
        const running = await begin(script);
        let said = '';
        for await (const chunk of running.output) said += chunk;
        expect([await running.exitCode(), said]).toEqual([0, '']);
      };
      return { engine, spec, begin, execute, inNode: (code: string) => `${host.node} -e '${code}'` };
    };
    const scratch = async (): Promise<string> => {
      const dir = await mkdtemp(join(tmpdir(), 'tmpfleet-save-'));
      dirs.push(dir);
      return dir;
    };
    const save = async (
      { engine, spec }: Awaited<ReturnType<typeof start>>,
      format: SaveFormat,
      to: string,
      since?: number,
    ) => {
      const tar = await openHomeTar(engine, { ...spec, ...never(), since });
      await pipeline(archiveOf(format, readTar(tar.chunks, LIMITS)), createWriteStream(to));
      await tar.finish();
      return tar.bytes;
    };
    const unzip = async (...args: string[]): Promise<string> => {
      if (!has('unzip')) await ensurePackages(['unzip']);
      // In a locale of UTF-8, or it writes other names.
      return run('unzip', args, { env: { LC_ALL: 'C.UTF-8' } });
    };

    test('every byte, link and odd name is in the archive, in both forms', async () => {
      const sandbox = await start();
      await sandbox.execute(sandbox.inNode(MAKE_FILES));
      for (const format of ['zip', 'tar.gz'] as const) {
        const dir = await scratch();
        const file = `${dir}.${format}`;
        dirs.push(file);
        const bytes = await save(sandbox, format, file);
        expect(bytes).toBeGreaterThan(50 * MIB);
        if (format === 'zip') {
          expect(await unzip('-t', file)).toContain('No errors detected');
          // -^: without it, a newline in a name is written in another way.
          await unzip('-q', '-^', file, '-d', dir);
        } else await run('tar', ['-xzf', file, '-C', dir]);
        expect((await readdir(join(dir, 'many'))).length).toBe(10_000);
        expect(await readFile(join(dir, 'many/4321'), 'utf8')).toBe('4321');
        expect(await readFile(join(dir, 'small'), 'utf8')).toBe('k'.repeat(1024));
        expect((await stat(join(dir, 'small'))).mode & 0o777).toBe(0o640);
        const big = await readFile(join(dir, 'big'));
        expect(big.length).toBe(50 * MIB);
        for (let at = 0; at < big.length; at += 65_536)
          if (big.readUInt32LE(at) !== Math.imul(at, 2_654_435_761) >>> 0) throw new Error(`wrong at ${at}`);
        expect(await readlink(join(dir, 'link'))).toBe('small');
        expect(await readlink(join(dir, 'broken link'))).toBe('/nowhere/at all');
        expect(await readFile(join(dir, 'same'), 'utf8')).toBe('k'.repeat(1024));
        expect(await readFile(join(dir, 'two\nlines'), 'utf8')).toBe('newline');
        expect(await readFile(join(dir, 'ünï 文字'), 'utf8')).toBe('unicode');
        expect(await readFile(join(dir, '-rf'), 'utf8')).toBe('dash');
        expect(await readFile(join(dir, 'd'.repeat(200), 'f'.repeat(200)), 'utf8')).toBe('long');
        expect((await lstat(join(dir, 'empty/below'))).isDirectory()).toBe(true);
      }
    });

    test('a home under constant writing gives whole archives, each time', async () => {
      const sandbox = await start();
      const writer = await sandbox.begin(sandbox.inNode(KEEP_WRITING));
      writer.output.resume();
      await sandbox.execute('until [ -s log ] && [ -e busy1 ]; do sleep 1; done');
      const dir = await scratch();
      for (let round = 0; round < ROUNDS; round += 1) {
        const file = join(dir, `${round}.zip`);
        await save(sandbox, 'zip', file);
        expect(await unzip('-t', file)).toContain('No errors detected');
        await rm(file);
      }
      await writer.end();
    });

    test('what was changed since a time is told from what was not, whatever dates files have', async () => {
      const sandbox = await start();
      await sandbox.execute('echo old >old; echo changed >changed; echo rights >rights');
      // The kernel notes times to a second or less; the next is waited for by its own clock.
      const since = Math.ceil(Date.now() / 1_000) * 1_000 + 1_000;
      await until('the next second', () => Date.now() > since + 100);
      await sandbox.execute('echo more >>changed; chmod 600 rights; echo new >new');
      await sandbox.execute(
        sandbox.inNode('fs.writeFileSync("unpacked", "old date"); fs.utimesSync("unpacked", 1e9, 1e9)'),
      );
      const dir = await scratch();
      await save(sandbox, 'tar.gz', join(dir, 'x.tar.gz'), since);
      const list = (await run('tar', ['-tzf', join(dir, 'x.tar.gz')])).trim().split('\n');
      expect(list.filter((name) => !name.endsWith('/')).sort()).toEqual(
        ['./changed', './new', './rights', './unpacked'].sort(),
      );
    });

    test('who leaves ends tar in the sandbox', async () => {
      const sandbox = await start();
      await sandbox.execute('dd if=/dev/zero of=big bs=1000000 count=40 2>/dev/null');
      const stop = new AbortController();
      const options = { ...sandbox.spec, ...never(), since: undefined, signal: stop.signal };
      const tar = await openHomeTar(sandbox.engine, options);
      stop.abort();
      await expect(
        (async () => {
          for await (const entry of readTar(tar.chunks, LIMITS)) for await (const _ of entry.content);
        })(),
      ).rejects.toThrow();
      const look =
        'for p in /proc/[0-9]*; do case "$(cat $p/cmdline 2>/dev/null)" in tar--file*) exit 1;; esac; done';
      await until('tar is gone', async () => {
        const running = await sandbox.begin(look);
        running.output.resume();
        return (await running.exitCode()) === 0;
      });
    });
  });
}
