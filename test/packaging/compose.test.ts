// The image of the Dockerfile and the services of compose.yaml, on their own Docker host: a reader gets a notebook.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatNodeKey } from '../../shared/protocol/node-key.ts';
import { ARCHIVE_MS, ensureArchive } from '../lab/archive.ts';
import { type DockerLab, startDocker } from '../lab/docker/docker.ts';
import { importContainerBase } from '../lab/images/container-base.ts';
import { importJupyter } from '../lab/images/images.ts';
import { ensurePackages } from '../lab/install.ts';
import { describeNeeding } from '../lab/needs.ts';
import { run } from '../lab/run.ts';
import { Jupyter } from '../support/jupyter.ts';
import { Reader } from '../support/reader.ts';
import { until } from '../support/until.ts';

const SECRET = 'the-secret-of-a-fleet-in-containers';
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LONG_MS = 280_000;

describeNeeding(['docker'], 'in containers', () => {
  let work: string;
  let docker: DockerLab;
  let env: Record<string, string>;

  /** docker-compose in a directory with the repository's top-level files and an archive. */
  const compose = (...args: readonly string[]): Promise<string> =>
    run('docker-compose', ['--project-directory', work, '-f', join(work, 'compose.yaml'), ...args], {
      timeout: LONG_MS,
      env,
    });

  beforeAll(async () => {
    await ensurePackages(['docker-compose']);
    work = await mkdtemp(join(tmpdir(), 'tmpfleet-compose-'));
    const archive = await ensureArchive();
    mkdirSync(join(work, 'artifacts'));
    copyFileSync(archive, join(work, 'artifacts', basename(archive)));
    for (const name of ['Dockerfile', '.dockerignore', 'compose.yaml']) {
      writeFileSync(join(work, name), readFileSync(join(ROOT, name)));
    }
    writeFileSync(join(work, 'fleet-secret'), `${SECRET}\n`, { mode: 0o600 });
    writeFileSync(join(work, 'node-key'), `${formatNodeKey([SECRET], 'node1')}\n`, { mode: 0o600 });
    docker = await startDocker();
    env = {
      DOCKER_HOST: docker.host,
      DOCKER_SOCKET: docker.socketPath,
      // This Docker's own builder: the newer one is a separate package.
      DOCKER_BUILDKIT: '0',
      COMPOSE_DOCKER_CLI_BUILD: '0',
      BASE: await importContainerBase(docker),
      IMAGE: await importJupyter(docker),
      FRONT_URL: `http://${docker.address}:9000`,
      CAPACITY: '3',
      WARM: '1',
      PULL: 'never',
      // The resources that this machine gives its containers.
      NOFILE: (await run('bash', ['-c', 'ulimit -Hn'])).trim(),
    };
  }, ARCHIVE_MS + LONG_MS);
  afterAll(async () => {
    await docker?.stop();
    await rm(work, { recursive: true, force: true });
  });

  test('front and node come up, and a reader runs a notebook', { timeout: LONG_MS }, async () => {
    await compose('up', '--build', '--detach');
    const control = (path: string, ...more: readonly string[]): Promise<string> => {
      const [program = 'curl', ...rest] = [
        ...docker.enter,
        'curl',
        '-sS',
        ...more,
        `http://127.0.0.1:9001${path}`,
      ];
      return run(program, rest);
    };
    const node = JSON.stringify({ url: `http://${docker.address}:8000` });
    await until(
      'the front has the node',
      async () => {
        return (await control('/api/nodes', '-d', node)).includes('"id"') || undefined;
      },
      60_000,
    );
    await until(
      'the node has a warm sandbox',
      async () => {
        return JSON.parse(await control('/api/nodes')).nodes[0]?.slots.warm > 0;
      },
      90_000,
    );
    const landing = await new Reader().click(`http://${docker.address}:9000/notebooks/intro.ipynb`);
    expect(landing.status).toBe(200);
    const notebook = new Jupyter(`http://${docker.address}:8000/user/${landing.sandbox}/`, {
      headers: landing.own,
    });
    expect(await notebook.run('print(6 * 7)')).toBe('42\n');
  });

  test('the firewall rule is on the host', async () => {
    const [program = '', ...rest] = [...docker.enter, 'iptables', '-S', 'INPUT'];
    expect(await run(program, rest)).toMatch(/-A INPUT -i tf-\w+ .*-j DROP/);
  });

  test('the agent restarts, and its sandboxes stay', { timeout: LONG_MS }, async () => {
    const sandboxes = async (): Promise<readonly string[]> => {
      const filters = JSON.stringify({ label: ['tmpfleet.sandbox'] });
      return (await docker.client.listContainers({ filters })).map(({ Id }) => Id);
    };
    const [before] = await sandboxes();
    expect(before).toBeDefined();
    await compose('restart', 'node-agent');
    await until(
      'it answers again',
      async () => {
        return (await fetch(`http://${docker.address}:8000/stats`)).ok;
      },
      60_000,
    );
    expect(await sandboxes()).toContain(before);
  });
});
