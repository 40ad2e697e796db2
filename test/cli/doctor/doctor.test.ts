// `tmpfleet doctor` on a host, as its operator runs it: on a healthy host, and with each fault made for real.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { describeNeeding } from '../../lab/needs.ts';
import { run } from '../../lab/run.ts';
import { Bench } from '../../redirector/support.ts';
import { startAgent } from '../../support/agent.ts';
import { freePlaces, tmpfleet } from '../../support/tmpfleet.ts';

const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-doctor-'));
const bench = new Bench();
afterEach(() => bench.clear());
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const printedSchema = z.object({
  ok: z.boolean(),
  findings: z.array(
    z.object({ check: z.string(), level: z.string(), detail: z.string(), remedy: z.string().optional() }),
  ),
});

/** The checks that it prints as JSON, by name. Later flags win over earlier ones. */
async function examine(flags: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const common = freePlaces(join(dir, 'data'));
  const doctor = tmpfleet(['doctor', '--json', ...common, ...flags], env);
  const code = await doctor.ended;
  const { ok, findings } = printedSchema.parse(JSON.parse(doctor.output()));
  const levels = Object.fromEntries(findings.map(({ check, level }) => [check, level]));
  const of = (check: string) => findings.find((finding) => finding.check === check);
  return { code, ok, levels, of, findings };
}

describe('on a host for the local engine', { timeout: 120_000 }, () => {
  test('says that nothing is isolated, and finds no other fault', async () => {
    const { code, ok, levels } = await examine(['--engine', 'local']);
    expect({ code, ok }).toEqual({ code: 0, ok: true });
    expect(levels).toMatchObject({ isolation: 'warn', port: 'ok', 'data directory': 'ok', disk: 'ok' });
  });

  test('says where to make room when the disk of the data directory is full', async () => {
    const disk = join(dir, 'small');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]);
    try {
      const { code, of } = await examine(['--engine', 'local', '--data-dir', disk]);
      expect(code).toBe(1);
      expect(of('disk')?.remedy).toBe(`make room on the disk of ${disk}; du -xh shows what is large there`);
    } finally {
      execFileSync('umount', ['--lazy', disk]);
    }
  });

  test('prints lines for people', async () => {
    const doctor = tmpfleet([
      ...['doctor', '--engine', 'local', '--host', '127.0.0.1', '--port', '0', '--control-port', '0'],
      ...['--data-dir', join(dir, 'data'), '--docker-host', 'unix:///nowhere/docker.sock'],
    ]);
    expect(await doctor.ended).toBe(0);
    expect(doctor.output()).toMatch(/^ok {4}configuration {6}node .*engine local$/m);
    expect(doctor.output()).toMatch(/^\d+ ok, \d+ to look at, 0 failed$/m);
  });

  test('tells a port that another program holds from one that this node holds', async () => {
    const agent = bench.keep(await startAgent({ nodeId: 'mine', capacity: '1' }));
    const { port } = new URL(agent.url);
    const mine = await examine(['--engine', 'local', '--port', port, '--node-id', 'mine']);
    expect(mine.of('port')).toMatchObject({
      level: 'ok',
      detail: expect.stringContaining('agent is running'),
    });
    const other = await examine(['--engine', 'local', '--port', port, '--node-id', 'other']);
    expect(other.code).toBe(1);
    expect(other.of('port')).toMatchObject({
      level: 'fail',
      detail: expect.stringContaining(`port ${port} on 127.0.0.1 is taken`),
      remedy: expect.stringContaining('--port'),
    });
  });

  test('finds an unusable data directory, and options that contradict each other', async () => {
    const file = join(dir, 'a-file');
    writeFileSync(file, '');
    const bad = await examine(['--engine', 'local', '--data-dir', join(file, 'below'), '--require-ticket']);
    expect(bad.levels).toMatchObject({ configuration: 'fail', 'data directory': 'fail' });
    expect(bad.of('data directory')?.remedy).toContain('--data-dir');
    expect(bad.of('configuration')?.detail).toContain('require-ticket');
  });

  test('checks the front that the node has', async () => {
    const front = await bench.front();
    const well = await examine(['--engine', 'local', '--front-url', front.url]);
    expect(well.of('front')).toMatchObject({ level: 'ok', detail: expect.stringContaining('0 s') });
    expect(well.of('secret')).toMatchObject({ level: 'warn' });
    const control = await examine(['--engine', 'local', '--front-url', front.controlUrl]);
    expect(control.of('front')).toMatchObject({
      level: 'fail',
      remedy: expect.stringContaining('--front-url'),
    });
    const nothing = await examine(['--engine', 'local', '--front-url', 'http://127.0.0.1:1']);
    expect(nothing.of('front')).toMatchObject({
      level: 'fail',
      detail: expect.stringContaining('nothing listens'),
    });
  });

  test('compares the limit of open files with the capacity', async () => {
    const script = 'ulimit -n 300; exec "$0" "$@"';
    const flags = ['doctor', '--json', '--engine', 'local', '--host', '127.0.0.1', '--capacity', '500'];
    const doctor = tmpfleet([...flags, '--data-dir', join(dir, 'data')], {}, ['sh', '-c', script]);
    expect(await doctor.ended).toBe(1);
    const { findings } = printedSchema.parse(JSON.parse(doctor.output()));
    expect(findings.find(({ check }) => check === 'open files')).toMatchObject({
      level: 'fail',
      remedy: expect.stringContaining('LimitNOFILE'),
    });
  });
});

test('a missing Docker is a failure with a remedy', async () => {
  const { code, of, levels } = await examine([
    '--engine',
    'docker',
    '--docker-host',
    'unix:///nowhere/docker.sock',
  ]);
  expect(code).toBe(1);
  expect(of('docker')).toMatchObject({
    level: 'fail',
    remedy: expect.stringContaining('is Docker running?'),
  });
  expect(levels.isolation).toBeUndefined();
});

describeNeeding(['docker'], 'on a Docker host', ({ docker }) => {
  const host = ['--engine', 'docker', '--docker-host', docker.host, '--pull', 'never'];
  const tiny = ['--image', docker.tinyImage, '--command', docker.tinyCommand, '--capacity', '2'];
  /** The doctor's containers that are left; other suites have some on this engine, too. */
  const leftovers = async (): Promise<readonly string[]> => {
    const format = '{{.Label "tmpfleet.node"}}';
    const nodes = await run('docker', ['-H', docker.host, 'ps', '-a', '--format', format]);
    return nodes.split('\n').filter((name) => name.startsWith('doctor-'));
  };

  test('a healthy host passes: two sandboxes start, reach nothing, and are removed', {
    timeout: 120_000,
  }, async () => {
    const { code, of, levels } = await examine([...host, ...tiny]);
    expect(levels).toMatchObject({
      ...{ configuration: 'ok', docker: 'ok', confinement: expect.stringMatching(/ok|warn/), image: 'ok' },
      ...{ sandbox: 'ok', isolation: 'ok' },
    });
    expect(of('isolation')?.detail).toContain(
      "this host's ports, a peer, the internet, the metadata service",
    );
    expect(of('image')?.detail).toContain('run as jovyan');
    expect(code).toBe(0);
    expect(await leftovers()).toEqual([]);
  });

  test('without the firewall rule a sandbox reaches the host, which is a failure', {
    timeout: 120_000,
  }, async () => {
    const { code, of } = await examine([...host, ...tiny, '--host-firewall', 'off']);
    expect(code).toBe(1);
    expect(of('isolation')).toMatchObject({
      level: 'fail',
      detail: expect.stringContaining("a sandbox reaches this host's ports"),
      remedy: expect.stringContaining('iptables -I INPUT'),
    });
  });

  test('a missing image is a failure; one that can be pulled is a warning', async () => {
    const missing = await examine([...host, '--image', 'tmpfleet-lab/none:1']);
    expect(missing.code).toBe(1);
    expect(missing.of('image')).toMatchObject({
      level: 'fail',
      remedy: expect.stringContaining('docker pull'),
    });
    expect(missing.of('isolation')).toMatchObject({ level: 'warn' });
    const pulled = await examine([...host, '--image', 'tmpfleet-lab/none:1', '--pull', 'missing']);
    expect(pulled.of('image')).toMatchObject({
      level: 'warn',
      detail: expect.stringContaining('will pull it'),
    });
  });

  test('names each container option that weakens the isolation, and fails on one that is refused', {
    timeout: 120_000,
  }, async () => {
    const file = join(dir, 'containers.yaml');
    writeFileSync(file, 'cpu_shares: 512\nmounts: [/srv:/data:rw]\ndevices: [/dev/null]\n');
    const flags = [...host, ...tiny, '--container-options', file];
    const refused = await examine(flags);
    expect(refused.code).toBe(1);
    expect(refused.levels).toMatchObject({ configuration: 'fail', 'container options': 'fail' });
    expect(refused.of('container options')?.detail).toContain('mounts: /srv:/data:rw is refused');
    const allowed = await examine([...flags, '--unsafe-container-options']);
    expect(allowed.code).toBe(0);
    const named = allowed.findings.filter(({ check }) => check === 'container options');
    expect(named.map(({ level, detail }) => [level, detail])).toEqual([
      ['ok', `${file}: cpu_shares, mounts, devices`],
      ['warn', expect.stringContaining('unsafe: mounts: /srv:/data:rw: sandboxes could write there')],
      ['warn', expect.stringContaining('unsafe: devices: /dev/null: the driver of a device')],
    ]);
    expect(allowed.levels).toMatchObject({ sandbox: 'ok', isolation: 'ok' });
    writeFileSync(file, 'cpu_shares: 512\n');
    const needless = await examine([...flags, '--unsafe-container-options']);
    expect(needless.of('container options')).toMatchObject({ level: 'ok' });
    expect(needless.levels).toMatchObject({ 'container options': 'warn' });
    expect(await leftovers()).toEqual([]);
  });

  test('a command that starts no server is a failure', { timeout: 120_000 }, async () => {
    const broken = [...host, '--image', docker.tinyImage, '--command', 'sleep 100', '--start-timeout', '4s'];
    const { code, of } = await examine(broken);
    expect(code).toBe(1);
    expect(of('sandbox')).toMatchObject({ level: 'fail' });
    expect(await leftovers()).toEqual([]);
  });
});
