// The lab itself: a hardened Jupyter that runs, a tiny server with its commands, engines that do not affect each other.
import { createServer } from 'node:http';
import type { ContainerCreateOptions } from 'dockerode';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { launchChromium } from './chromium.ts';
import { type DockerLab, startDocker } from './docker/docker.ts';
import { importTiny, TINY_IMAGE } from './images/images.ts';
import { describeNeeding } from './needs.ts';
import { messageOf, run, waitFor } from './run.ts';

const PORT = 8888;
const HOME = '/home/jovyan';

/** The sandbox's hardening, as tmpfleet applies it. */
async function startHardened(client: Docker, image: string, command: string): Promise<string> {
  const network = await client.createNetwork({
    Name: `lab-${Math.random().toString(36).slice(2)}`,
    Internal: true,
    Options: { 'com.docker.network.bridge.enable_icc': 'false' },
  });
  const container = await client.createContainer(hardened(image, command, network.id));
  await container.start();
  const { NetworkSettings } = await container.inspect();
  const address = Object.values(NetworkSettings.Networks)[0]?.IPAddress;
  if (!address) throw new Error('the container has no address');
  return address;
}

function hardened(image: string, command: string, network: string): ContainerCreateOptions {
  return {
    Image: image,
    Cmd: ['/bin/sh', '-c', `exec ${command}`],
    HostConfig: {
      NetworkMode: network,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      PidsLimit: 256,
      Memory: 512 * 1024 ** 2,
      MemorySwap: 512 * 1024 ** 2,
      ReadonlyRootfs: true,
      Tmpfs: { '/tmp': '', [HOME]: 'uid=1000,mode=700' },
    },
  };
}

async function removeAll(client: Docker): Promise<void> {
  const containers = await client.listContainers({
    all: true,
    filters: JSON.stringify({ network: await labNetworks(client) }),
  });
  await Promise.all(containers.map(({ Id }) => client.getContainer(Id).remove({ force: true, v: true })));
  await Promise.all((await labNetworks(client)).map((id) => client.getNetwork(id).remove()));
}

async function labNetworks(client: Docker): Promise<readonly string[]> {
  const networks = await client.listNetworks();
  return networks.filter(({ Name }) => Name.startsWith('lab-')).map(({ Id }) => Id);
}

function answerOf(url: string): Promise<Response> {
  return waitFor(url, 20_000, () => fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(5_000) }));
}

/** The result of connecting to an address from a sandbox. */
async function lookFrom(sandbox: string, host: string, port: number): Promise<string> {
  const body = JSON.stringify({ host, port, timeoutMs: 1500 });
  const response = await fetch(`http://${sandbox}:${PORT}/user/a/eval`, { method: 'POST', body });
  return z.object({ result: z.string() }).parse(await response.json()).result;
}

const TINY = `tiny-server --base-path user/a --port ${PORT} --ip 0.0.0.0`;

describeNeeding(['docker', 'jupyter'], 'the Jupyter image', ({ docker, jupyter }) => {
  const client = new Docker({ socketPath: docker.socketPath });
  afterAll(() => removeAll(client));

  test('answers below its base path when hardened, with the article in its home', async () => {
    const command = `jupyter notebook --no-browser --ip=0.0.0.0 --port=${PORT} --NotebookApp.base_url=user/a --NotebookApp.token=`;
    const address = await startHardened(client, jupyter.image, command);
    const response = await answerOf(`http://${address}:${PORT}/user/a/`);
    expect([200, 302]).toContain(response.status);
    const article = await answerOf(`http://${address}:${PORT}/user/a/api/contents/intro.ipynb`);
    expect(await article.text()).toContain('A live article');
  });
});

describeNeeding(['docker'], 'the tiny image', ({ docker }) => {
  const client = new Docker({ socketPath: docker.socketPath });
  let address = '';
  beforeAll(async () => {
    address = await startHardened(client, docker.tinyImage, TINY);
    await answerOf(`http://${address}:${PORT}/user/a/`);
  });
  afterAll(() => removeAll(client));

  test('echoes over HTTP below its base path, and only there', async () => {
    const echo = await fetch(`http://${address}:${PORT}/user/a/echo?x=1`, { method: 'POST', body: 'four' });
    expect(await echo.json()).toMatchObject({ method: 'POST', path: '/user/a/echo?x=1', bodyLength: 4 });
    expect((await fetch(`http://${address}:${PORT}/user/b/echo`)).status).toBe(404);
  });

  test('echoes over WebSocket, short and long', async () => {
    const socket = new WebSocket(`ws://${address}:${PORT}/user/a/ws`);
    const heard: string[] = [];
    socket.on('message', (data) => heard.push(String(data)));
    await new Promise((resolve) => socket.once('open', resolve));
    const words = ['short', 'x'.repeat(1000), 'y'.repeat(100_000)];
    for (const word of words) socket.send(word);
    await waitFor('three echoes', 5_000, () => (heard.length === 3 ? heard : undefined));
    socket.close();
    expect(heard).toEqual(words);
  });

  test('keeps a file', async () => {
    const url = `http://${address}:${PORT}/user/a/file`;
    await fetch(url, { method: 'PUT', body: 'kept' });
    expect(await (await fetch(url)).text()).toBe('kept');
  });

  test('sees no other sandbox', async () => {
    const other = await startHardened(client, docker.tinyImage, TINY);
    await answerOf(`http://${other}:${PORT}/user/a/`);
    expect(await lookFrom(address, other, PORT)).not.toBe('connected');
    expect(await lookFrom(address, '127.0.0.1', PORT)).toBe('connected');
  });
});

describeNeeding(['docker'], 'engines side by side', ({ docker }) => {
  const engines: DockerLab[] = [];
  beforeAll(async () => {
    for (const network of ['own', 'own', 'machine'] as const) engines.push(await startDocker({ network }));
    await Promise.all(engines.map(importTiny));
  });
  afterAll(() => Promise.all(engines.map((engine) => engine.stop())));

  test('each has its own sandboxes, which the machine reaches', async () => {
    const addresses = await Promise.all(engines.map(({ client }) => startHardened(client, TINY_IMAGE, TINY)));
    for (const address of addresses) {
      expect((await answerOf(`http://${address}:${PORT}/user/a/`)).status).toBe(200);
    }
    const counts = await Promise.all(
      engines.map(async ({ client }) => (await client.listContainers()).length),
    );
    expect(counts).toEqual([1, 1, 1]);
    expect(new Set(addresses).size).toBe(3);
  });

  test('a later start does not open the networks of an engine that already runs', async () => {
    const client = new Docker({ socketPath: docker.socketPath });
    const first = await startHardened(client, docker.tinyImage, TINY);
    const second = await startHardened(client, docker.tinyImage, TINY);
    await Promise.all([first, second].map((address) => answerOf(`http://${address}:${PORT}/user/a/`)));
    const later = await startDocker({ network: 'machine' });
    try {
      expect(await lookFrom(first, second, PORT)).not.toBe('connected');
    } finally {
      await later.stop();
      await removeAll(client);
    }
  });

  test('one that is paused does not answer, and answers again when resumed', async () => {
    const [engine] = engines;
    if (engine === undefined) throw new Error('no engine');
    engine.pause();
    const listing = engine.client.listContainers({ abortSignal: AbortSignal.timeout(300) });
    expect(await listing.then(String, messageOf)).toMatch(/abort/i);
    engine.resume();
    expect(String(await engine.client.ping())).toBe('OK');
  });
});

describeNeeding(['chromium'], 'the browser', ({ chromium }) => {
  test('shows a page', async () => {
    const browser = await launchChromium(chromium.executablePath);
    const page = await browser.newPage();
    await page.setContent('<h1>A live article</h1>');
    expect(await page.textContent('h1')).toBe('A live article');
    await browser.close();
  });

  test('keeps its requests while the interfaces of other suites’ containers come and go', async () => {
    const server = createServer((_, response) => {
      response.setHeader('connection', 'close');
      setTimeout(() => response.end('<p>here'), 20);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const browser = await launchChromium(chromium.executablePath);
    try {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/`);
      const asking = page.evaluate<readonly number[]>(`(async () => {
        const ended = [0, 0];
        window.over = false;
        while (!window.over)
          await Promise.all(Array.from({ length: 10 }, () => fetch('/').then(() => { ended[0] += 1 }, () => { ended[1] += 1 })));
        return ended;
      })()`);
      const [one, other] = [`tf${process.pid}a`, `tf${process.pid}b`];
      for (let time = 0; time < 5; time += 1) {
        await run('ip', ['link', 'add', one, 'type', 'veth', 'peer', 'name', other]);
        for (const name of [one, other]) await run('ip', ['link', 'set', name, 'up']);
        await run('ip', ['address', 'add', '192.0.2.1/32', 'dev', one]);
        await run('ip', ['link', 'delete', one]);
      }
      await page.evaluate('void (window.over = true)');
      const [answered = 0, broken] = await asking;
      expect(answered).toBeGreaterThan(0);
      expect(broken).toBe(0);
    } finally {
      await browser.close();
      server.close();
    }
  });
});

describeNeeding(['node24'], 'the other Node', ({ node24 }) => {
  test('is version 24', async () => {
    expect(await run(node24.executablePath, ['--version'])).toMatch(/^v24\./);
  });
});

describe('waiting', () => {
  test('ends with the last error after the deadline', async () => {
    await expect(waitFor('the moon', 50, () => Promise.reject(new Error('too far')))).rejects.toThrow(
      'the moon: not within 0.05 s: too far',
    );
  });
});
