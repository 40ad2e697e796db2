// Two nodes with the real Jupyter on a real Docker Engine, through the front: the main use on the real parts.
import { createServer, type Server } from 'node:net';
import Docker from 'dockerode';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { describeNeeding } from '../lab/needs.ts';
import { type Demo, startDemo } from '../support/demo.ts';
import { Jupyter } from '../support/jupyter.ts';
import { type Landing, Reader } from '../support/reader.ts';
import { until } from '../support/until.ts';

describeNeeding(['docker', 'jupyter'], 'a fleet of real notebooks', ({ docker, jupyter }) => {
  const client = new Docker({ socketPath: docker.socketPath });
  let demo: Demo;
  let front = '';
  /** Listens on every address of the host, as a careless service would. */
  let careless: Server;

  beforeAll(async () => {
    careless = createServer((socket) => socket.end('hello'));
    await new Promise<void>((resolve) => careless.listen(0, '0.0.0.0', resolve));
    const args = ['--engine', 'docker', '--image', jupyter.image, '--capacity', '3', '--warm', '2'];
    demo = startDemo(args, { DOCKER_HOST: docker.host });
    front = await demo.front(120_000);
  }, 150_000);
  afterAll(async () => {
    await demo.end();
    careless.close();
  });

  const open = async (): Promise<Landing & { readonly notebook: Jupyter; readonly reader: Reader }> => {
    const reader = new Reader();
    const landed = await reader.click(`${front}/tree`);
    expect(landed.status).toBe(200);
    const base = new URL(`/user/${landed.sandbox}/`, landed.url).href;
    return { ...landed, reader, notebook: new Jupyter(base, { headers: landed.own }) };
  };

  test('a kernel made over HTTP answers print(6*7) over its WebSocket', async () => {
    const { notebook } = await open();
    expect(await notebook.run('print(6*7)')).toBe('42\n');
  });

  test("a file uploaded in one sandbox is not in another, and the article's notebook is in both", async () => {
    const [one, other] = [(await open()).notebook, (await open()).notebook];
    expect(await one.upload('mine.txt', 'a secret')).toBe(201);
    expect([await one.exists('mine.txt'), await other.exists('mine.txt')]).toEqual([true, false]);
    expect([await one.exists('intro.ipynb'), await other.exists('intro.ipynb')]).toEqual([true, true]);
  });

  test('from inside, no peer, control listener, host or internet can be reached', async () => {
    const { notebook, sandbox } = await open();
    const peers = await addresses(client);
    const own = peers.get(sandbox ?? '') ?? '';
    const [peer] = [...peers].filter(([id]) => id !== sandbox).map(([, address]) => address);
    const gateway = own.replace(/\.\d+$/, '.1');
    const port = (url: string): string => new URL(url).port;
    const carelessAddress = careless.address();
    const carelessPort = typeof carelessAddress === 'object' ? carelessAddress?.port : undefined;
    const targets = {
      itself: `127.0.0.1:8888`,
      peer: `${peer}:8888`,
      'node control': `${gateway}:${port(demo.nodeControl())}`,
      'front control': `${gateway}:${port(demo.control())}`,
      front: `${gateway}:${port(front)}`,
      'a careless service of the host': `${gateway}:${carelessPort}`,
      internet: '192.0.2.1:80',
      metadata: '169.254.169.254:80',
    };
    const code = `
import json, socket, threading
found = {}
def attempt(name, target):
    host, port = target.rsplit(':', 1)
    try:
        socket.create_connection((host, int(port)), timeout=3).close()
        found[name] = 'reached'
    except OSError as error:
        found[name] = 'closed'
threads = [threading.Thread(target=attempt, args=item) for item in json.loads(${JSON.stringify(JSON.stringify(targets))}).items()]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(json.dumps(found))`;
    expect(JSON.parse(await notebook.run(code))).toEqual({
      itself: 'reached',
      peer: 'closed',
      'node control': 'closed',
      'front control': 'closed',
      front: 'closed',
      'a careless service of the host': 'closed',
      internet: 'closed',
      metadata: 'closed',
    });
  });

  test('a container killed from outside leaves its pool and the proxy within 5 s', async () => {
    await until('one is warm', async () => (await stats(front)).available > 0, 60_000);
    const { notebook, reader, sandbox, url } = await open();
    const [container] = await client.listContainers({
      filters: JSON.stringify({ label: [`tmpfleet.sandbox=${sandbox}`] }),
    });
    await client.getContainer(container?.Id ?? '').kill();
    const killed = performance.now();
    const page = await until('the proxy says that it is dead', async () => {
      const landed = await reader.click(url);
      return landed.status === 503 ? landed : undefined;
    });
    expect(performance.now() - killed).toBeLessThan(5_000);
    expect(page.body).toContain('Open a new notebook');
    await until('its container is gone', async () => !(await addresses(client)).has(sandbox ?? ''), 5_000);
    await expect(notebook.exists('intro.ipynb')).resolves.toBe(false);
  });

  test('stopped, it leaves no container, no network and no process', async () => {
    await demo.stop();
    expect(await containersOfDemo(client)).toEqual([]);
    expect(await networksOfDemo(client)).toEqual([]);
    expect(demo.processes()).toEqual([]);
  });

  test('killed while it warms up it leaves none either', async () => {
    const args = ['--engine', 'docker', '--image', jupyter.image, '--capacity', '6', '--warm', '6'];
    const brief = startDemo(args, { DOCKER_HOST: docker.host });
    await until(
      'containers are being made',
      async () => (await containersOfDemo(client)).length >= 2,
      60_000,
    );
    await brief.stop();
    expect(await containersOfDemo(client)).toEqual([]);
    expect(await networksOfDemo(client)).toEqual([]);
    expect(brief.processes()).toEqual([]);
    await brief.end();
  });
});

const LABELLED = { all: true, filters: JSON.stringify({ label: ['tmpfleet.node'] }) };

/** Other suites use the same engine at the same time; only the demo's nodes have such names. */
const isOfDemo = ({ Labels = {} }: { Labels?: Readonly<Record<string, string>> | undefined }): boolean =>
  Labels['tmpfleet.node']?.startsWith('demo-') ?? false;

async function containersOfDemo(client: Docker): Promise<readonly string[]> {
  return (await client.listContainers(LABELLED)).filter(isOfDemo).flatMap(({ Names }) => Names);
}

async function networksOfDemo(client: Docker): Promise<readonly string[]> {
  return (await client.listNetworks(LABELLED)).filter(isOfDemo).map(({ Name }) => Name);
}

/** Address by sandbox id, of every sandbox in the engine. */
async function addresses(client: Docker): Promise<ReadonlyMap<string, string>> {
  const containers = await client.listContainers({
    filters: JSON.stringify({ label: ['tmpfleet.sandbox'] }),
  });
  return new Map(
    containers.map((container) => {
      const [network] = Object.values(container.NetworkSettings.Networks);
      return [container.Labels['tmpfleet.sandbox'] ?? '', network?.IPAddress ?? ''];
    }),
  );
}

const statsSchema = z.object({ available: z.number() });

async function stats(front: string): Promise<z.infer<typeof statsSchema>> {
  return statsSchema.parse(await (await fetch(`${front}/stats`)).json());
}
