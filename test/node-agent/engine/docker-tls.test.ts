// A Docker reached by TCP and TLS, as by `docker -H tcp://… --tlsverify`: both sides must trust each other.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Authority } from '../../lab/debian/authority.ts';
import { type DockerLab, startDocker } from '../../lab/docker/docker.ts';
import { importTiny, TINY_COMMAND } from '../../lab/images/images.ts';
import { describeNeeding } from '../../lab/needs.ts';
import { Reader } from '../../support/reader.ts';
import { type Run, tmpfleet } from '../../support/tmpfleet.ts';
import { until } from '../../support/until.ts';

describeNeeding(['docker'], 'a node whose Docker is reached by TLS', () => {
  let lab: DockerLab;
  let image = '';
  let dir = '';
  let agent: Run | undefined;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'tmpfleet-docker-tls-'));
    lab = await startDocker({ authority: await Authority.create(join(dir, 'authority')) });
    image = await importTiny(lab);
  });
  afterAll(async () => {
    await agent?.stop();
    await lab.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  function start(host: string, certPath: string): Run {
    const engine = ['--engine', 'docker', '--docker-host', host, '--docker-cert-path', certPath];
    const sandboxes = ['--image', image, '--pull', 'never', '--command', TINY_COMMAND, '--capacity', '2'];
    return tmpfleet(
      [
        ...['node-agent', ...engine, ...sandboxes, '--node-id', 'by-tls', '--ephemeral'],
        ...[
          '--host',
          lab.address ?? '',
          '--port',
          '0',
          '--control-port',
          '0',
          '--data-dir',
          join(dir, 'data'),
        ],
        ...['--log-format', 'json'],
      ],
      {},
      lab.enter,
    );
  }

  test('serves readers', async () => {
    agent = start(lab.tls?.host ?? '', lab.tls?.certPath ?? '');
    const [, url = ''] = await agent.printed(/"url":"(http:[^"]+)","control"/, 60_000);
    await until(
      'a reader has a sandbox',
      async () => (await new Reader().click(`${url}/tree`)).status === 200,
      60_000,
    );
    // Docker's socket lists what runs there.
    expect((await lab.client.listContainers()).length).toBeGreaterThan(0);
    await agent.stop();
    expect(await lab.client.listContainers({ all: true })).toEqual([]);
  });

  test('says what is wrong when Docker does not trust it, or it does not trust Docker', async () => {
    const { certPath = '', host = '' } = lab.tls ?? {};
    const stranger = await Authority.create(join(dir, 'stranger'));
    const { key, cert } = await stranger.issue('client');
    const saidWith = async (own: string, code = 1): Promise<string> => {
      const run = start(host, own);
      expect(await run.ended).toBe(code);
      // A stack trace is only for bugs in tmpfleet.
      expect(run.output()).not.toMatch(/^ +at /m);
      return run.output();
    };
    /** The output of an agent that uses copies of these files. */
    const said = async (name: string, files: readonly [string, string, string]): Promise<string> => {
      const own = join(dir, name);
      mkdirSync(own);
      for (const [index, file] of ['ca.pem', 'cert.pem', 'key.pem'].entries())
        copyFileSync(files[index] ?? '', join(own, file));
      return saidWith(own);
    };
    const [ourCa, ourCert, ourKey] = ['ca.pem', 'cert.pem', 'key.pem'].map((file) =>
      join(certPath, file),
    ) as [string, string, string];
    const ofOneAuthority =
      /one authority must sign its certificate and ours: ca.pem, cert.pem and key.pem in --docker-cert-path/;
    const refused = await said('refused', [ourCa, cert, key]);
    expect(refused).toMatch(/Docker could not answer at tcp:.*: .*alert .*certificate/);
    expect(refused).toMatch(ofOneAuthority);
    const doubting = await said('doubting', [stranger.ca, ourCert, ourKey]);
    expect(doubting).toMatch(/unable to verify the first certificate/);
    expect(doubting).toMatch(ofOneAuthority);
    expect(await saidWith('')).toMatch(/HTTP request to an HTTPS server.*set --docker-cert-path to/);
    expect(await saidWith(join(dir, 'nothing-there'), 2)).toMatch(
      /docker-cert-path: .*a directory with ca.pem, cert.pem and key.pem/,
    );
  });
});
