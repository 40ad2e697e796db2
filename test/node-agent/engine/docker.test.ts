// What Docker adds to the contract: the hardening, as Docker reports it and as a sandbox finds it from inside.
import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { pino } from 'pino';
import { request } from 'undici';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { DockerEngine } from '../../../node-agent/engine/docker/engine.ts';
import { bridgeName, networkName } from '../../../node-agent/engine/docker/names.ts';
import type { DockerConfig } from '../../../node-agent/engine/docker/options.ts';
import { dockerHost } from '../../contract/docker-host.ts';
import { newSpec } from '../../contract/engine-contract.ts';
import { describeNeeding } from '../../lab/needs.ts';
import { run } from '../../lab/run.ts';
import { connectFrom, inside, PROBE_COMMAND } from '../../support/inside.ts';
import { until } from '../../support/until.ts';

const newNode = (): string => `docker-${randomBytes(4).toString('hex')}`;

const networkShape = z.object({ IPAM: z.object({ Config: z.tuple([z.object({ Gateway: z.string() })]) }) });

describeNeeding(['docker'], 'the Docker engine', ({ docker }) => {
  const host = dockerHost(docker);
  const engines: DockerEngine[] = [];
  const make = (more: Partial<DockerConfig> = {}, nodeId = newNode()): DockerEngine => {
    const engine = host.engine(nodeId, PROBE_COMMAND, more);
    engines.push(engine);
    return engine;
  };
  const open = async (more: Partial<DockerConfig> = {}, nodeId = newNode()): Promise<DockerEngine> => {
    const engine = make(more, nodeId);
    await engine.open(() => undefined);
    return engine;
  };
  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.close({ purge: true }).catch(() => undefined);
  });

  const gatewayOf = async (nodeId: string): Promise<string> => {
    const network: unknown = await host.client.getNetwork(networkName(nodeId)).inspect();
    return networkShape.parse(network).IPAM.Config[0].Gateway;
  };

  let careless: Server;
  let carelessPort = 0;
  beforeAll(async () => {
    careless = createServer((_, response) => response.end('who asks?')).listen(0, '0.0.0.0');
    carelessPort = await until('it listens', () => {
      const bound = careless.address();
      return typeof bound === 'object' && bound !== null && bound.port;
    });
  });
  afterAll(() => careless.close());

  test('Docker reports every limit', async () => {
    const engine = await open();
    const spec = newSpec();
    await engine.start(spec);
    const { Config, HostConfig, NetworkSettings, Name } = await (await host.container(spec.id)).inspect();
    expect(HostConfig).toMatchObject({
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      Privileged: false,
      ReadonlyRootfs: true,
      Memory: 512 * 1024 ** 2,
      MemorySwap: 512 * 1024 ** 2,
      NanoCpus: 1e9,
      PidsLimit: 256,
      IpcMode: 'private',
      RestartPolicy: { Name: 'no' },
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '1' } },
    });
    expect(Config.User).toBe('jovyan');
    expect(Object.values(NetworkSettings.Ports).flat().filter(Boolean)).toEqual([]);
    expect(Object.keys(NetworkSettings.Networks)).toHaveLength(1);
    // Peers may learn the name from Docker's DNS, and the id opens the sandbox.
    expect(Name).not.toContain(spec.id.slice(0, 8));
  });

  test('from inside: not root, no capabilities, nothing writable but home and /tmp', async () => {
    const engine = await open();
    const address = await engine.start(newSpec());
    const status = z
      .string()
      .parse(await inside(address, 'return require("fs").readFileSync("/proc/self/status", "utf8");'));
    expect(status).toMatch(/^Uid:\s+1000\s+1000\s+1000\s+1000$/m);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
      expect(status).toMatch(new RegExp(`^${set}:\\s+0+$`, 'm'));
    }
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(status).toMatch(/^Seccomp:\s+2$/m);
    const write = (path: string): Promise<unknown> =>
      inside(address, `return require("fs").promises.writeFile("${path}", "x").then(() => "written");`);
    expect(await write('/home/jovyan/mine')).toBe('written');
    expect(await write('/tmp/mine')).toBe('written');
    expect(await write('/opt/mine')).toMatch(/EROFS|EACCES/);
    expect(await write('/etc/passwd')).toMatch(/EROFS|EACCES/);
    expect(await inside(address, 'return require("fs").statSync("/home/jovyan").uid;')).toBe(1000);
  });

  test('from inside: no peer, no port of the host, no outside, no metadata', async () => {
    const nodeId = newNode();
    const engine = await open({}, nodeId);
    const [address, peer] = [await engine.start(newSpec()), await engine.start(newSpec())];
    await inside(peer, 'return 1;');
    expect(await connectFrom(address, '127.0.0.1', 8888)).toBe('connected');
    const gateway = await gatewayOf(nodeId);
    const own = await request(`http://${gateway}:${carelessPort}/`);
    expect(await own.body.text()).toBe('who asks?');
    const tries = [
      [peer.host, 8888],
      [gateway, carelessPort],
      ['192.0.2.1', 80],
      ['169.254.169.254', 80],
    ] as const;
    for (const [name, port] of tries) {
      expect([name, await connectFrom(address, name, port)]).not.toEqual([name, 'connected']);
    }
  });

  test('from inside: without the firewall rule the host would answer', async () => {
    const nodeId = newNode();
    const engine = await open({ hostFirewall: 'off' }, nodeId);
    const address = await engine.start(newSpec());
    expect(await connectFrom(address, await gatewayOf(nodeId), carelessPort)).toBe('connected');
  });

  test('from inside: the container name of a peer does not contain its id', async () => {
    const engine = await open();
    const [mine, theirs] = [newSpec(), newSpec()];
    const [address, peer] = [await engine.start(mine), await engine.start(theirs)];
    const names = await inside(address, `return require("dns").promises.reverse("${peer.host}");`);
    expect(JSON.stringify(names)).not.toContain(theirs.id.slice(0, 8));
  });

  test('the firewall rule comes back after a flush, and a second start does not double it', async () => {
    const nodeId = newNode();
    const rules = async (): Promise<number> =>
      (await run('iptables', ['-w', '-S', 'INPUT']))
        .split('\n')
        .filter((line) => line.includes(bridgeName(nodeId))).length;
    await open({}, nodeId);
    expect(await rules()).toBe(1);
    await open({}, nodeId);
    expect(await rules()).toBe(1);
    const [rule = ''] = (await run('iptables', ['-w', '-S', 'INPUT']))
      .split('\n')
      .filter((line) => line.includes(bridgeName(nodeId)));
    await run('iptables', ['-w', ...rule.replace(/^-A/, '-D').split(' ')]);
    await open({}, nodeId);
    expect(await rules()).toBe(1);
  });

  test('where the rule cannot be set, require stops the start and auto warns with a remedy', async () => {
    const path = process.env.PATH;
    const lines: string[] = [];
    const logger = pino({}, { write: (line: string) => lines.push(line) });
    try {
      process.env.PATH = '/nowhere';
      await expect(open()).rejects.toMatchObject({ code: 'engine-unavailable', remedy: /iptables -I INPUT/ });
      const lenient = host.engine(newNode(), PROBE_COMMAND, { hostFirewall: 'auto' }, logger);
      engines.push(lenient);
      await lenient.open(() => undefined);
    } finally {
      process.env.PATH = path;
    }
    expect(lines.filter((line) => line.includes('iptables -I INPUT'))).toHaveLength(1);
  });

  test('a missing image is named, with the command that pulls it', async () => {
    await expect(open({ image: 'tmpfleet-lab/absent:1' })).rejects.toMatchObject({
      code: 'image-missing',
      remedy: 'type: docker pull tmpfleet-lab/absent:1',
    });
  });

  test('a failed pull is an error, and the image that is here stays in use', async () => {
    const strict = await open({ pull: 'missing', image: docker.tinyImage });
    const before = await strict.image();
    await expect(strict.image({ pull: true })).rejects.toMatchObject({ code: 'image-missing' });
    expect(await strict.image()).toBe(before);
    await (await open({ pull: 'always' })).start(newSpec());
  });

  test('a missing Docker is named, with a remedy', async () => {
    await expect(open({ dockerHost: 'unix:///nowhere/docker.sock' })).rejects.toMatchObject({
      code: 'engine-unavailable',
      remedy: /--docker-host/,
    });
    await expect(open({ dockerHost: 'tcp://127.0.0.1:1' })).rejects.toMatchObject({
      code: 'engine-unavailable',
    });
  });

  test('settings that this host cannot meet are refused at the start', async () => {
    await expect(open({ runtime: 'no-such-runtime' })).rejects.toMatchObject({ code: 'bad-config' });
    await expect(open({ cpus: 1000 })).rejects.toMatchObject({ code: 'bad-config' });
  });

  test('a network with that name that another program made is left alone', async () => {
    const nodeId = newNode();
    const theirs = await host.client.createNetwork({ Name: networkName(nodeId) });
    try {
      const engine = make({}, nodeId);
      await expect(engine.open(() => undefined)).rejects.toMatchObject({ code: 'conflict' });
      await engine.close({ purge: true });
      expect(z.object({ Name: z.string() }).parse(await theirs.inspect()).Name).toBe(networkName(nodeId));
    } finally {
      await theirs.remove();
    }
  });
});
