// Sandboxes with a file for --container-options, as Docker reports them and as they find themselves from inside.
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import type { DockerEngine } from '../../../../node-agent/engine/docker/engine.ts';
import { LABELS } from '../../../../node-agent/engine/docker/names.ts';
import type { DockerConfig } from '../../../../node-agent/engine/docker/options.ts';
import type { Logger } from '../../../../shared/logging.ts';
import { silentLogger } from '../../../contract/defaults.ts';
import { dockerHost } from '../../../contract/docker-host.ts';
import { newSpec } from '../../../contract/engine-contract.ts';
import { describeNeeding } from '../../../lab/needs.ts';
import { run } from '../../../lab/run.ts';
import { inside, PROBE_COMMAND } from '../../../support/inside.ts';

const MIB = 1024 ** 2;

describeNeeding(['docker'], 'containers with --container-options', ({ docker }) => {
  const host = dockerHost(docker);
  const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-container-options-'));
  afterAll(() => rmSync(dir, { recursive: true }));
  const sets = join(dir, 'sets');
  mkdirSync(join(sets, 'below'), { recursive: true });
  writeFileSync(join(sets, 'table.csv'), 'a,b\n1,2\n');
  // Only the mount keeps a sandbox from writing there.
  chmodSync(sets, 0o777);
  chmodSync(join(sets, 'table.csv'), 0o666);

  const engines: DockerEngine[] = [];
  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.close({ purge: true }).catch(() => undefined);
  });
  const open = async (given: unknown, more: Partial<DockerConfig> = {}, logger: Logger = silentLogger) => {
    const containerOptions = join(dir, `${randomBytes(4).toString('hex')}.yaml`);
    writeFileSync(containerOptions, JSON.stringify(given));
    const nodeId = `options-${randomBytes(4).toString('hex')}`;
    const engine = host.engine(nodeId, PROBE_COMMAND, { containerOptions, ...more }, logger);
    engines.push(engine);
    await engine.open(() => undefined);
    return engine;
  };

  const given = {
    cpu_shares: 512,
    memory_reservation: '128m',
    shm_size: '16m',
    mounts: [`${sets}:/data:ro`, `${sets}:/home/jovyan/course/sets:ro`],
    tmpfs: { '/scratch': { size: '8m', exec: false }, '/tmp': '96m' },
    extra_hosts: ['mirror.example.org:192.0.2.7'],
    labels: { 'org.example.team': 'press' },
    ulimits: { nofile: { soft: 512, hard: 1024 } },
  };

  test('have what the file says, and all of the hardening', async () => {
    const engine = await open(given);
    const spec = newSpec();
    await engine.start(spec);
    const { Config, HostConfig } = await (await host.container(spec.id)).inspect();
    expect(HostConfig).toMatchObject({
      ...{ CpuShares: 512, MemoryReservation: 128 * MIB, ShmSize: 16 * MIB },
      ...{ CapDrop: ['ALL'], CapAdd: null, SecurityOpt: ['no-new-privileges'], Privileged: false },
      ...{ ReadonlyRootfs: true, IpcMode: 'private', PidsLimit: 256, NanoCpus: 1e9 },
      ...{ Memory: 512 * MIB, MemorySwap: 512 * MIB, Binds: null },
    });
    expect(HostConfig.Ulimits).toContainEqual(expect.objectContaining({ Name: 'core', Soft: 0, Hard: 0 }));
    expect(Config.Labels).toMatchObject({ 'org.example.team': 'press', [LABELS.sandbox]: spec.id });
    const [listed] = await engine.list();
    expect(listed?.recipe).toBe(engine.recipe);
  });

  test('from inside: mounts are read-only, names resolve, and sizes and limits hold', async () => {
    const address = await (await open(given)).start(newSpec());
    const attempt = (code: string): Promise<unknown> =>
      inside(address, `const fs = require("fs/promises"); ${code}`);
    const read = (path: string): Promise<unknown> => attempt(`return fs.readFile("${path}", "utf8");`);
    const write = (path: string, bytes = 1): Promise<unknown> =>
      attempt(`return fs.writeFile("${path}", Buffer.alloc(${bytes})).then(() => "written");`);
    for (const place of ['/data', '/home/jovyan/course/sets']) {
      expect(await read(`${place}/table.csv`)).toBe('a,b\n1,2\n');
      expect(await write(`${place}/table.csv`)).toBe('EROFS');
      expect(await write(`${place}/mine`)).toBe('EROFS');
    }
    expect(await attempt('return require("dns/promises").lookup("mirror.example.org");')).toEqual({
      ...{ address: '192.0.2.7', family: 4 },
    });
    expect(await write('/scratch/mine', 4 * MIB)).toBe('written');
    expect(await write('/scratch/more', 8 * MIB)).toBe('ENOSPC');
    expect(await write('/dev/shm/more', 20 * MIB)).toBe('ENOSPC');
    expect(await write('/tmp/mine', 80 * MIB)).toBe('written');
    expect(await write('/home/jovyan/mine')).toBe('written');
    expect(await write('/opt/mine')).toMatch(/EROFS|EACCES/);
    const limits = z.string().parse(await read('/proc/self/limits'));
    // Node raises its own soft limit.
    expect(limits).toMatch(/^Max open files +\d+ +1024 /m);
    const mounts = z.string().parse(await read('/proc/self/mounts'));
    expect(mounts).toMatch(/^tmpfs \/scratch tmpfs rw,nosuid,nodev,noexec,/m);
    const status = z.string().parse(await read('/proc/self/status'));
    expect(status).toMatch(/^Uid:\s+1000\s+1000\s/m);
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(status).toMatch(/^Seccomp:\s+2$/m);
    for (const set of ['CapPrm', 'CapEff', 'CapBnd'])
      expect(status).toMatch(new RegExp(`^${set}:\\s+0+$`, 'm'));
  });

  test('from inside: what the host mounts below a mount is not there', async () => {
    const below = join(sets, 'below');
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', below]);
    try {
      writeFileSync(join(below, 'secret'), '', { mode: 0o666 });
      const address = await (await open(given)).start(newSpec());
      expect(await inside(address, 'return require("fs/promises").readdir("/data/below");')).toEqual([]);
    } finally {
      await run('umount', ['--lazy', below]);
    }
  });

  test('a source that is missing is named, and is not created', async () => {
    const missing = join(dir, 'missing');
    const engine = await open({ mounts: [`${missing}:/data:ro`] });
    const error: unknown = await engine.start(newSpec()).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'start-failed', message: expect.stringContaining(missing) });
    expect(error).toMatchObject({ message: expect.stringContaining('does not exist') });
    await expect(run('ls', [missing])).rejects.toThrow();
  });

  test('the unsafe way is open with its option, and the log names each part of it', async () => {
    const lines: Record<string, unknown>[] = [];
    const logger = pino({}, { write: (line: string) => lines.push(JSON.parse(line)) });
    const unsafe = { mounts: [`${sets}:/data:rw`], devices: ['/dev/null:/dev/mine:r'], cap_add: ['NET_RAW'] };
    await expect(open(unsafe)).rejects.toMatchObject({ code: 'bad-config' });
    const engine = await open(unsafe, { unsafeContainerOptions: true }, logger);
    const address = await engine.start(newSpec());
    const write =
      'return require("fs/promises").writeFile("/data/table.csv", "a,b\\n1,2\\n").then(() => "written");';
    expect(await inside(address, write)).toBe('written');
    const status = await inside(address, 'return require("fs").readFileSync("/proc/self/status", "utf8");');
    // Only a program that carries the capability could get it, and not while new privileges are refused.
    expect(status).toMatch(/^CapEff:\s+0+$/m);
    expect(status).toMatch(/^CapBnd:\s+0+2000$/m);
    const named = lines.filter(({ msg }) => String(msg).startsWith('UNSAFE CONTAINER OPTION'));
    expect(named.map(({ field, value }) => [field, value])).toEqual([
      ['mounts', `${sets}:/data:rw`],
      ['devices', '/dev/null:/dev/mine:r'],
      ['cap_add', 'NET_RAW'],
    ]);
    lines.splice(0);
    const { DockerRootDir } = z.object({ DockerRootDir: z.string() }).parse(await host.client.info());
    await open({ mounts: [`${DockerRootDir}:/data:ro`] }, { unsafeContainerOptions: true }, logger);
    expect(lines.map(({ why }) => why)).toContain("it holds Docker's own data");
  });
});
