// What sandboxes share although each is confined: Docker's own process, and what the kernel counts per user.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import type { DockerEngine } from '../../node-agent/engine/docker/engine.ts';
import type { DockerConfig } from '../../node-agent/engine/docker/options.ts';
import { dockerHost } from '../contract/docker-host.ts';
import { newSpec } from '../contract/engine-contract.ts';
import { describeNeeding } from '../lab/needs.ts';
import { containerPython } from '../support/container-python.ts';
import { inside, PROBE_COMMAND } from '../support/inside.ts';

const MIB = 1024 ** 2;

describeNeeding(['docker', 'jupyter'], 'on a shared host', ({ docker, jupyter }) => {
  const host = dockerHost(docker);
  const engines: DockerEngine[] = [];
  const open = async (command: string, more: Partial<DockerConfig> = {}): Promise<DockerEngine> => {
    const engine = host.engine(`shared-${randomBytes(4).toString('hex')}`, command, more);
    engines.push(engine);
    await engine.open(() => undefined);
    return engine;
  };
  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.close({ purge: true });
  });

  /** Bytes that Docker has read since it started. */
  const readByDocker = (): number => {
    const pid = readFileSync(join(dirname(docker.socketPath), 'pid'), 'utf8').trim();
    return Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);
  };

  test('Docker reads nothing of what a sandbox prints, and no process of it leads to Docker', async () => {
    const engine = await open(PROBE_COMMAND);
    const spec = newSpec();
    const address = await engine.start(spec);
    const reach = `
      const fs = require('fs');
      let opened = 0;
      for (const pid of fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name) && name !== String(process.pid))) {
        for (let fd = 0; fd < 32; fd += 1) {
          try {
            const pipe = fs.openSync('/proc/' + pid + '/fd/' + fd, fs.constants.O_WRONLY | fs.constants.O_NONBLOCK);
            opened += 1;
            fs.writeSync(pipe, 'reached Docker');
          } catch {}
        }
      }
      return opened;`;
    expect(await inside(address, reach)).toBeGreaterThan(0);
    const before = readByDocker();
    const flood = `
      const line = 'x'.repeat(64 * 1024 - 1) + '\\n';
      for (let n = 0; n < 64 * 16; n += 1) for (let at = 0; at < line.length;) {
        try { at += require('fs').writeSync(1, line.slice(at)); } catch (error) { if (error.code !== 'EAGAIN') throw error; }
      }
      return 'printed';`;
    expect(await inside(address, flood)).toBe('printed');
    expect(readByDocker() - before).toBeLessThan(16 * MIB);
    const log = await (await host.container(spec.id)).logs({ stdout: true, stderr: true });
    expect(log.toString('latin1')).toBe('');
  });

  /** Takes all that the kernel gives one user of each kind, says how many, and keeps them. */
  const HOARD = `
import ctypes, errno, fcntl, json, os, resource, sys, time
libc = ctypes.CDLL(None, use_errno=True)
resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
def watch():
    if libc.inotify_init1(0) < 0: raise OSError(ctypes.get_errno(), 'inotify')
def timer():
    if libc.timer_create(1, None, ctypes.byref(ctypes.c_void_p())) < 0: raise OSError(ctypes.get_errno(), 'timer')
def pipe():
    ends = os.pipe()
    try: fcntl.fcntl(ends[0], 1031, 1 << 20)
    except OSError:
        for end in ends: os.close(end)
        raise
kinds = {'inotify instances': watch, 'timers': timer, 'large pipes': pipe}
def most(take, limit):
    for taken in range(limit):
        try: take()
        except OSError: return taken
    return limit
`;
  const hoarding = (limit: number): string =>
    `${HOARD}print(json.dumps({kind: most(take, ${limit}) for kind, take in kinds.items()}), flush=True)`;
  const countsSchema = z.record(z.string(), z.number());

  /** How many of each kind a peer still gets, of three, while a sandbox hoards. */
  const leftForPeer = async (more: Partial<DockerConfig>): Promise<Record<string, number>> => {
    const engine = await open('sleep 600', { image: jupyter.image, ...more });
    const [attacker, peer] = [newSpec(), newSpec()];
    await engine.start(attacker);
    await engine.start(peer);
    const hold = `${hoarding(6000)}\nopen('/tmp/held', 'w').close()\ntime.sleep(600)`;
    const container = await host.container(attacker.id);
    void containerPython(container, hold).catch(() => undefined);
    const held = 'import os, time\nwhile not os.path.exists("/tmp/held"): time.sleep(0.05)';
    await containerPython(container, held);
    return countsSchema.parse(JSON.parse(await containerPython(await host.container(peer.id), hoarding(3))));
  };

  test('inotify instances, timers and pipes that one sandbox hoards are missing to no other', async () => {
    const all = { 'inotify instances': 3, timers: 3, 'large pipes': 3 };
    // Two that share an id: the attack works, so that the own ids are what stops it.
    const shared = await leftForPeer({ sandboxUser: '61234:61234' });
    expect(Object.values(shared)).toEqual([0, 0, 0]);
    expect(await leftForPeer({ uidRange: '261000-261009' })).toEqual(all);
  });
});
