// A Docker that accepts connections and never answers, or that goes away and comes back.
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callDocker, connectDocker } from '../../../node-agent/engine/docker/connection.ts';
import { dockerOptions } from '../../../node-agent/engine/docker/options.ts';
import { type ChosenEngine, chooseEngine } from '../../../node-agent/engine/index.ts';
import { dockerHost } from '../../contract/docker-host.ts';
import { newSpec } from '../../contract/engine-contract.ts';
import { type DockerLab, startDocker } from '../../lab/docker/docker.ts';
import { describeNeeding } from '../../lab/needs.ts';
import { until } from '../../support/until.ts';

describeNeeding(['docker'], 'a Docker that hangs', () => {
  let lab: DockerLab;
  beforeAll(async () => {
    lab = await startDocker({ network: 'own' });
  });
  afterAll(() => lab.stop());

  test('fails every call at its deadline, and is used again when it goes on', async () => {
    const choose = (dockerHost: string, env = {}): Promise<ChosenEngine> =>
      chooseEngine(
        { engine: 'auto', image: dockerOptions.image.default, dockerHost, dockerCertPath: '' },
        env,
      );
    const docker = connectDocker({ host: lab.host, certPath: '' });
    expect(await choose(lab.host)).toEqual({ kind: 'docker' });
    lab.pause();
    try {
      const began = performance.now();
      await expect(
        callDocker({ what: 'list containers', deadlineMs: 300 }, (abortSignal) =>
          docker.listContainers({ abortSignal }),
        ),
      ).rejects.toMatchObject({ code: 'engine-timeout' });
      expect(performance.now() - began).toBeLessThan(3_000);
      expect(await choose(lab.host)).toMatchObject({
        kind: 'local',
        whyNotDocker: expect.stringContaining(`Docker does not answer at ${lab.host}`),
      });
    } finally {
      lab.resume();
    }
    expect(await choose('', { DOCKER_HOST: lab.host })).toEqual({ kind: 'docker' });
  });
});

describeNeeding(['docker'], 'a Docker whose connections break', ({ docker }) => {
  test('is asked for its events again, and exits are reported as before', async () => {
    const sockets = new Set<Socket>();
    let connections = 0;
    const between = createServer((near) => {
      connections += 1;
      const far = connect(docker.socketPath);
      for (const socket of [near, far]) sockets.add(socket.on('error', () => undefined));
      near.pipe(far).pipe(near);
    });
    const path = join(docker.socketPath, `../between-${process.pid}.sock`);
    await new Promise<void>((resolve) => between.listen(path, resolve));
    const host = dockerHost(docker);
    const engine = host.engine(`breaks-${process.pid}`, 'sleep-is-not-here', {
      dockerHost: `unix://${path}`,
    });
    const exits: string[] = [];
    try {
      await engine.open((id) => exits.push(id));
      const before = connections;
      for (const socket of sockets) socket.destroy();
      await until('it connects again', () => connections > before);
      const spec = newSpec();
      await engine.start(spec).catch(() => undefined);
      await until('the exit is reported', () => exits.includes(spec.id));
    } finally {
      await engine.close({ purge: true });
      between.close();
      for (const socket of sockets) socket.destroy();
    }
  });

  test('that answers with an error, as a proxy without a backend does, is not ready yet', async () => {
    const server = createHttpServer((_, response) => response.writeHead(503).end('no server is available\n'));
    const path = join(docker.socketPath, `../proxy-${process.pid}.sock`);
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const engine = dockerHost(docker).engine(`proxy-${process.pid}`, 'unused', {
      dockerHost: `unix://${path}`,
    });
    try {
      await expect(engine.open(() => undefined)).rejects.toMatchObject({
        // The agent retries after this code; any other error would end it.
        code: 'engine-unavailable',
        message: expect.stringMatching(/^Docker is not ready: .*no server is available/),
      });
    } finally {
      server.close();
    }
  });
});
