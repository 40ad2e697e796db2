// Attacks from inside a container on its host, on other sandboxes and on its node, next to a peer that must not notice.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { LABELS } from '../../node-agent/engine/docker/names.ts';
import { isHeld } from '../../shared/protocol/sandbox-state.ts';
import { ensurePackages } from '../lab/install.ts';
import { describeNeeding } from '../lab/needs.ts';
import { run } from '../lab/run.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { containerPython } from '../support/container-python.ts';
import { inside, PROBE_COMMAND } from '../support/inside.ts';
import { spawnSandbox } from '../support/program.ts';
import { until } from '../support/until.ts';

const MIB = 1024 ** 2;
const PIDS = 64;

describeNeeding(['docker'], 'from inside a container', ({ docker }) => {
  const client = new Docker({ socketPath: docker.socketPath });
  let agent: TestAgent;
  let peer = '';

  const claim = async (): Promise<string> => {
    const { base, token } = await spawnSandbox(agent.url);
    return `${base}?token=${token}`;
  };
  /** Removes every sandbox that a test has claimed. */
  afterEach(async () => {
    const held = agent.pool.table.all().filter(({ id, state }) => isHeld(state) && id !== idOf(peer));
    for (const { id } of held) agent.pool.end(id, 'deleted');
    await until(
      'they are gone',
      () => held.every(({ id }) => agent.pool.table.get(id) === undefined),
      60_000,
    );
  });
  const idOf = (url: string): string => new URL(url).pathname.split('/')[2] ?? '';
  const containerOf = async (url: string): Promise<Docker.Container> => {
    const filters = JSON.stringify({ label: [`${LABELS.sandbox}=${idOf(url)}`] });
    const [found] = await client.listContainers({ all: true, filters });
    return client.getContainer(found?.Id ?? '');
  };
  /** The answers of the peer and the node during an attack. */
  const others = async () => ({
    peer: await inside(peer, 'return 6 * 7;'),
    node: (await fetch(`${agent.url}/stats`)).status,
  });
  const WELL = { peer: 42, node: 200 };

  beforeAll(async () => {
    agent = await startAgent({
      ...{
        engine: 'docker',
        dockerHost: docker.host,
        nodeId: 'hostile',
        image: docker.tinyImage,
        pull: 'never',
      },
      ...{ command: PROBE_COMMAND, capacity: '4', memory: '384m', pidsLimit: String(PIDS), homeSize: '16m' },
      ...{ hostFirewall: 'require', claimWait: '60s' },
    });
    peer = await claim();
  }, 120_000);
  afterAll(() => agent?.close(), 60_000);

  test('a fork bomb ends at its limit of processes, and peers do not notice', async () => {
    const own = await claim();
    const container = await containerOf(own);
    const processes = async (): Promise<number> =>
      z
        .object({ pids_stats: z.object({ current: z.number().default(0) }) })
        .parse(await container.stats({ stream: false })).pids_stats.current;
    expect(await processes()).toBeLessThan(PIDS);
    const bomb = `
      const { spawn } = require('child_process');
      let failed;
      const again = () => {
        const child = spawn('/bin/sh', ['-c', 'read never'], { stdio: ['pipe', 'ignore', 'ignore'] });
        child.on('error', ({ code }) => { failed = code; }).on('spawn', () => setImmediate(again));
      };
      for (let n = 0; n < 8; n += 1) again();
      while (failed === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
      return failed;`;
    expect(await inside(own, bomb)).toBe('EAGAIN');
    const most = await processes();
    expect(most).toBeGreaterThan(PIDS / 2);
    expect(most).toBeLessThanOrEqual(PIDS);
    expect(await others()).toEqual(WELL);
  });

  test('a memory bomb is killed, and its slot comes back', async () => {
    const own = await claim();
    const bomb = 'const held = []; for (;;) held.push(Buffer.alloc(8 * 1024 * 1024, 1));';
    void fetch(own, { method: 'POST', body: bomb }).catch(() => undefined);
    await until('it is gone', () => agent.pool.table.get(idOf(own)) === undefined, 60_000);
    expect(await others()).toEqual(WELL);
    expect(agent.pool.table.endings()['out-of-memory']).toBeGreaterThanOrEqual(1);
  });

  test('a disk cannot be filled: home, /tmp and /dev/shm are limited, the rest is read-only', async () => {
    const own = await claim();
    const fill = (path: string): string => `
      const fs = require('fs');
      const file = fs.openSync('${path}', 'w');
      let written = 0;
      try { for (let n = 0; n < 256; n += 1) written += fs.writeSync(file, Buffer.alloc(1024 * 1024, 1)); }
      catch (error) { fs.closeSync(file); fs.unlinkSync('${path}'); return { written, code: error.code }; }
      return { written, code: 'never full' };`;
    for (const [path, most] of [
      ['/home/jovyan/big', 16 * MIB],
      ['/tmp/big', 64 * MIB],
      ['/dev/shm/big', 64 * MIB],
    ] as const) {
      const filled = z.object({ written: z.number(), code: z.string() });
      const { written, code } = filled.parse(await inside(own, fill(path)));
      expect([path, code]).toEqual([path, 'ENOSPC']);
      expect(written).toBeLessThanOrEqual(most);
    }
    for (const path of ['/big', '/var/big', '/usr/big', '/etc/big', '/run/big', '/mnt/big']) {
      const write = `return require('fs').promises.writeFile('${path}', 'x').then(() => 'written');`;
      expect([path, await inside(own, write)]).toEqual([path, expect.stringMatching(/EROFS|EACCES|ENOENT/)]);
    }
  });

  test('its output fills no log', async () => {
    const own = await claim();
    const flood = `
      const line = 'x'.repeat(1023) + '\\n';
      const fs = require('fs');
      for (let n = 0; n < 20 * 1024; n += 1) fs.writeSync(1, line);
      return 'printed';`;
    expect(await inside(own, flood)).toBe('printed');
    const container = await containerOf(own);
    const kept = await container.logs({ stdout: true, stderr: true });
    expect(kept.length).toBeLessThan(4 * MIB);
  });

  test('with all processors busy, the node and a peer still answer', async () => {
    const own = await claim();
    const busy = `
      const { spawn } = require('child_process');
      for (let n = 0; n < 8; n += 1) spawn('/bin/sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' });
      return 'busy';`;
    expect(await inside(own, busy)).toBe('busy');
    for (let turn = 0; turn < 5; turn += 1) expect(await others()).toEqual(WELL);
    const container = await containerOf(own);
    /** Of the container, seconds of processor; and when that was. */
    const used = async (): Promise<{ readonly cpu: number; readonly at: number }> => {
      const { cpu_stats: cpu, read } = await container.stats({ stream: false });
      return { cpu: cpu.cpu_usage.total_usage / 1e9, at: Date.parse(read) / 1_000 };
    };
    const before = await used();
    const after = await until('it has used two seconds', async () => {
      const now = await used();
      return now.cpu - before.cpu > 2 ? now : undefined;
    });
    // Of the two processors or more that it would take. Beside busy neighbours it may get less than its share.
    expect((after.cpu - before.cpu) / (after.at - before.at)).toBeLessThan(1.3);
  });
});

/** The kernel's answer to each request of a process: `allowed`, or the name of the error. */
const ASK_KERNEL = `
import ctypes, errno, json, os, socket, stat, tempfile
libc = ctypes.CDLL(None, use_errno=True)
arm = os.uname().machine == 'aarch64'
def call(work):
    try:
        return work() or 'allowed'
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno))
def raw(result, reached=()):
    if result >= 0: return 'allowed'
    name = errno.errorcode.get(ctypes.get_errno())
    # The kernel went as far as checking the arguments.
    return 'allowed' if name in reached else name
def opened(path, flags):
    os.close(os.open(path, flags))
def closed(*kind):
    socket.socket(*kind).close()
asks = {
    'a raw socket': lambda: closed(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
    'a packet socket': lambda: closed(socket.AF_PACKET, socket.SOCK_RAW, 3),
    'to mount': lambda: raw(libc.mount(b'none', b'/mnt', b'tmpfs', 0, None)),
    'a device': lambda: os.mknod(tempfile.mktemp(), stat.S_IFBLK | 0o600, os.makedev(8, 0)),
    'to become root': lambda: os.setgroups([]) or os.setuid(0),
    'another root directory': lambda: os.chroot('/tmp'),
    'to load a module': lambda: raw(libc.syscall(105 if arm else 175, None, 0, b''), ('EFAULT', 'EINVAL', 'ENOEXEC')),
    'the keys of the kernel': lambda: raw(libc.syscall(219 if arm else 250, 0, -3, 1)),
    'to run a program in the kernel': lambda: raw(libc.syscall(280 if arm else 321, 0, None, 0), ('EFAULT', 'EINVAL')),
    'to set a value of the kernel': lambda: opened('/proc/sys/kernel/core_pattern', os.O_WRONLY),
    'the trigger of the kernel': lambda: opened('/proc/sysrq-trigger', os.O_WRONLY),
    'the memory': lambda: opened('/proc/kcore', os.O_RDONLY),
    'a new mount namespace': lambda: raw(libc.unshare(0x00020000)),
    'a new network namespace': lambda: raw(libc.unshare(0x40000000)),
    'a new user namespace': lambda: raw(libc.unshare(0x10000000)),
}
print(json.dumps({what: call(ask) for what, ask in asks.items()}))
`;

const answersSchema = z.record(z.string(), z.string());

describeNeeding(['docker', 'jupyter'], 'from inside a notebook', ({ docker, jupyter }) => {
  const client = new Docker({ socketPath: docker.socketPath });

  test('the kernel refuses what reaches beyond a sandbox, and only because of the hardening', async () => {
    await ensurePackages(['python3']);
    const agent = await startAgent({
      ...{ engine: 'docker', dockerHost: docker.host, nodeId: 'asking', image: jupyter.image, pull: 'never' },
      ...{ capacity: '1', hostFirewall: 'require' },
    });
    try {
      await agent.warm(1);
      const filters = JSON.stringify({ label: [`${LABELS.node}=asking`] });
      const [hard] = await client.listContainers({ filters });
      const refused = answersSchema.parse(
        JSON.parse(await containerPython(client.getContainer(hard?.Id ?? ''), ASK_KERNEL)),
      );
      expect(Object.keys(refused).filter((what) => refused[what] === 'allowed')).toEqual([]);
      // Those that this machine's own root may do, which need not be all: the hardening refuses them.
      const room = mkdtempSync(join(tmpdir(), 'tmpfleet-ask-'));
      const own = await run('unshare', ['--mount', 'python3', '-c', ASK_KERNEL], { env: { TMPDIR: room } });
      rmSync(room, { recursive: true });
      const had = Object.values(answersSchema.parse(JSON.parse(own))).filter(
        (answer) => answer === 'allowed',
      );
      expect(had.length).toBeGreaterThan(Object.keys(refused).length / 2);

      const elsewhere = `
import os, json
def seen(pid):
    try: os.kill(pid, 0); return 'seen'
    except OSError as error: return error.strerror
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
def traced(pid):
    return 'traced' if libc.ptrace(16, pid, None, None) == 0 else errno.errorcode[ctypes.get_errno()]
print(json.dumps([seen(${process.pid}), traced(${process.pid}), os.path.exists('/var/run/docker.sock'), len([name for name in os.listdir('/proc') if name.isdigit()]) < 10]))`;
      expect(JSON.parse(await containerPython(client.getContainer(hard?.Id ?? ''), elsewhere))).toEqual([
        'No such process',
        'ESRCH',
        false,
        true,
      ]);
    } finally {
      await agent.close();
    }
  });
});
