// Sandboxes with egress: they reach the internet, and nothing else. Every other address is one of the host's own,
// so that only the rules keep them away.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { egressChain } from '../../../node-agent/engine/docker/names.ts';
import { normalizeCidr } from '../../../node-agent/engine/docker/network/cidr.ts';
import { nodeStatsSchema } from '../../../shared/protocol/wire.ts';
import { dockerHost } from '../../contract/docker-host.ts';
import { HOST_PUBLIC, type Internet, startInternet } from '../../lab/debian/internet.ts';
import { type DockerLab, startDocker } from '../../lab/docker/docker.ts';
import { importTiny, TINY_COMMAND } from '../../lab/images/images.ts';
import { describeNeeding } from '../../lab/needs.ts';
import { run } from '../../lab/run.ts';
import { connectFrom, connecting, inside, PROBE_COMMAND } from '../../support/inside.ts';
import { spawnSandbox } from '../../support/program.ts';
import { type Run, tmpfleet } from '../../support/tmpfleet.ts';
import { until } from '../../support/until.ts';

const TOKEN = 'the-control-token-of-egress';
const INTERNET = '11.55.66.77';
const DENIED = '11.99.1.2';
const PRIVATE = '10.250.0.1';
const METADATA = '169.254.169.254';
const OTHERS = [DENIED, PRIVATE, METADATA, '192.168.77.1', '172.20.0.9', '100.64.0.9', '168.63.129.16'];

describeNeeding(['docker'], 'sandboxes with egress', () => {
  let lab: DockerLab;
  let internet: Internet;
  let image = '';
  let agent: Run;
  let url = '';
  let control = '';
  const dataDir = mkdtempSync(join(tmpdir(), 'tmpfleet-egress-'));

  const start = (flags: readonly string[]): Run =>
    tmpfleet(
      [
        ...[
          'node-agent',
          '--engine',
          'docker',
          '--docker-host',
          lab.host,
          '--image',
          image,
          '--pull',
          'never',
        ],
        ...['--node-id', 'egress', '--data-dir', dataDir, '--port', '0', '--control-port', '0'],
        ...['--capacity', '3', '--log-format', 'json', '--ephemeral', ...flags],
      ],
      { TMPFLEET_CONTROL_TOKEN: TOKEN },
      lab.enter,
    );
  beforeAll(async () => {
    lab = await startDocker({ network: 'own' });
    image = await importTiny(lab);
    internet = await startInternet(lab, [INTERNET, ...OTHERS], INTERNET);
    const flags = [
      '--host',
      lab.address ?? '',
      '--control-host',
      lab.address ?? '',
      '--command',
      PROBE_COMMAND,
    ];
    agent = start([...flags, '--egress', '--egress-deny', `${DENIED}/24`, '--sandbox-dns', INTERNET]);
    [, url = '', control = ''] = await agent.printed(/"url":"(http:[^"]+)","control":"(http:[^"]+)"/, 60_000);
    await warm(3);
  }, 150_000);
  afterAll(async () => {
    await agent?.stop();
    await internet?.stop();
    await lab?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }, 60_000);

  const warm = (count: number) =>
    until(
      `${count} are warm`,
      async () => nodeStatsSchema.parse(await (await fetch(`${url}/stats`)).json()).available === count,
      90_000,
    );
  const claim = async (): Promise<{ readonly url: string; readonly id: string }> => {
    const { base, token, id } = await spawnSandbox(url);
    return { url: `${base}?token=${token}`, id };
  };
  const end = (id: string) =>
    fetch(`${control}/api/sandboxes/${id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${TOKEN}` },
    });
  /** Whether the host itself can connect. */
  const fromHost = async (address: string, port: number): Promise<string> => {
    const [program = '', ...enter] = lab.enter;
    const code = `${connecting(address, port)}.then((result) => console.log(result))`;
    return (await run(program, [...enter, process.execPath, '-e', code])).trim();
  };
  const iptables = (...args: string[]): Promise<string> => {
    const [program = '', ...enter] = lab.enter;
    return run(program, [...enter, 'iptables', '-w', ...args]);
  };

  test('reach the internet by name, but no private, metadata or denied address and no mail server', async () => {
    const { url: own, id } = await claim();
    for (const address of [INTERNET, ...OTHERS])
      expect([address, await fromHost(address, 80)]).toEqual([address, 'connected']);
    expect(await connectFrom(own, INTERNET, 80)).toBe('connected');
    const lookup = 'return require("dns").promises.lookup("article.example").then(({ address }) => address);';
    expect(await inside(own, lookup)).toBe(INTERNET);
    for (const address of OTHERS) {
      expect([address, await connectFrom(own, address, 80)]).not.toEqual([address, 'connected']);
    }
    expect(await fromHost(INTERNET, 25)).toBe('connected');
    expect(await connectFrom(own, INTERNET, 25)).not.toBe('connected');
    await end(id);
  });

  test('reach neither this host, by any of its addresses, nor each other', async () => {
    const [one, other] = [await claim(), await claim()];
    const addresses = await lab.client.listContainers({
      filters: JSON.stringify({ label: ['tmpfleet.node=egress'] }),
    });
    const peer = addresses.find(({ Labels }) => Labels['tmpfleet.sandbox'] === other.id);
    const [network] = Object.values(peer?.NetworkSettings.Networks ?? {});
    const port = Number(new URL(url).port);
    expect(await fromHost(network?.IPAddress ?? '', 8888)).toBe('connected');
    expect(await connectFrom(one.url, network?.IPAddress ?? '', 8888)).not.toBe('connected');
    const [program = '', ...enter] = lab.enter;
    const careless = `require("net").createServer((s) => s.end()).listen(8099, "0.0.0.0", () => console.log("up"))`;
    const service = spawn(program, [...enter, process.execPath, '-e', careless]);
    try {
      await until(
        'the careless service is up',
        async () => (await fromHost(HOST_PUBLIC, 8099)) === 'connected',
      );
      for (const address of [HOST_PUBLIC, lab.address ?? '', network?.Gateway ?? '']) {
        expect([address, await connectFrom(one.url, address, 8099)]).not.toEqual([address, 'connected']);
      }
      expect(await connectFrom(one.url, lab.address ?? '', port)).not.toBe('connected');
    } finally {
      service.kill('SIGKILL');
    }
    await Promise.all([end(one.id), end(other.id)]);
  });

  test('flushed rules come back before another sandbox is started', async () => {
    await warm(3);
    const { url: own, id } = await claim();
    const chain = egressChain('egress');
    const before = await iptables('-S', chain);
    // This shows that the rules kept it away. A listing may have restored them before the attempt.
    await until('the private address is reached', async () => {
      await iptables('-F', 'DOCKER-USER');
      await iptables('-F', chain);
      await iptables('-A', 'DOCKER-USER', '-j', 'RETURN');
      return (await connectFrom(own, PRIVATE, 80)) === 'connected';
    });
    const next = await claim();
    await end(next.id);
    await until(
      'it is closed again',
      async () => (await connectFrom(own, PRIVATE, 80)) !== 'connected',
      60_000,
    );
    expect(await connectFrom(own, INTERNET, 80)).toBe('connected');
    expect(await iptables('-S', chain)).toBe(before);
    await end(id);
  });

  test('no sandbox gets egress without the rules, and no network changes below its readers', async () => {
    // An agent in another network namespace than its Docker.
    const outside = dockerHost({ socketPath: lab.socketPath, host: lab.host, tinyImage: image });
    const engine = outside.engine('outside', TINY_COMMAND, { egress: true, hostFirewall: 'off' });
    await expect(engine.open(() => undefined)).rejects.toMatchObject({ code: 'engine-unavailable' });
    await engine.close({ purge: true });
    const second = start([
      '--host',
      '127.0.0.1',
      '--data-dir',
      `${dataDir}/second`,
      '--command',
      TINY_COMMAND,
    ]);
    expect(await second.ended).toBe(1);
    expect(second.output()).toMatch(
      /started with a way out are still on the Docker network.*drain this node/,
    );
  });

  test('flushed rules come back also when nothing is started', async () => {
    await warm(3);
    const { url: own, id } = await claim();
    const said = (): number =>
      agent.output().split('sandboxes may reach the internet, and no private address').length;
    const before = said();
    await iptables('-F', 'DOCKER-USER');
    await iptables('-A', 'DOCKER-USER', '-j', 'RETURN');
    await until(
      'the private address is closed again',
      async () =>
        (await iptables('-S', 'DOCKER-USER')).includes(egressChain('egress')) &&
        (await connectFrom(own, PRIVATE, 80)) !== 'connected',
    );
    // The chain itself still existed, and was known: it is not logged again at every check.
    expect(said()).toBe(before);
    await end(id);
  });

  test('a value that is not a range or not an address is named', async () => {
    const wrong = start(['--egress', '--egress-deny', '10.0.0.0/8,300.1.1.1/8']);
    expect(await wrong.ended).toBe(2);
    expect(wrong.output()).toMatch(/egress-deny.*300\.1\.1\.1\/8/);
    const wrongDns = start(['--egress', '--sandbox-dns', '9.9.9.9.']);
    expect(await wrongDns.ended).toBe(2);
    expect(wrongDns.output()).toMatch(/sandbox-dns.*9\.9\.9\.9\./);
  });

  test('when the node is purged, its rules are gone', async () => {
    expect(await iptables('-S')).toContain(egressChain('egress'));
    await agent.stop();
    expect(await iptables('-S')).not.toContain(egressChain('egress'));
  });
});

test.each([
  ['10.1.2.3/8', '10.0.0.0/8'],
  ['1.2.3.4', '1.2.3.4/32'],
  ['255.255.255.255/31', '255.255.255.254/31'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['1.2.3/8', undefined],
  ['1.2.3.4/33', undefined],
  ['1.2.3.4/8/8', undefined],
  ['::1/128', undefined],
])('the range %s is %s', (text, range) => expect(normalizeCidr(text)).toBe(range));
