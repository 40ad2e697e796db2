// A private image: pulled with the credentials of --registry-auth from a registry that asks for a password.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkRegistry } from '../../../node-agent/doctor/registry.ts';
import { dockerHost } from '../../contract/docker-host.ts';
import { describeNeeding } from '../../lab/needs.ts';
import { type RegistryLab, startRegistry } from '../../lab/registry.ts';
import { run } from '../../lab/run.ts';

const [USER, PASSWORD] = ['reader', randomBytes(12).toString('hex')];

describeNeeding(['docker', 'registry'], 'a private image', ({ docker, registry }) => {
  const host = dockerHost(docker);
  const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-private-image-'));
  const registryAuth = join(dir, 'config.json');
  const target = { host: docker.host, certPath: '' };
  let lab: RegistryLab;
  let image: string;
  const write = (password: string): void => {
    const auth = Buffer.from(`${USER}:${password}`).toString('base64');
    writeFileSync(registryAuth, JSON.stringify({ auths: { [lab.host]: { auth } } }), { mode: 0o600 });
  };
  const remove = (): Promise<unknown> => host.client.getImage(image).remove({ force: true });
  beforeAll(async () => {
    lab = await startRegistry(registry.executablePath, USER, PASSWORD);
    image = `${lab.host}/private/notebook:1`;
    writeFileSync(join(dir, 'file'), randomBytes(8).toString('hex'));
    await run('tar', ['-C', dir, '-cf', join(dir, 'image.tar'), 'file']);
    const socket = `unix://${docker.socketPath}`;
    await run('docker', ['-H', socket, 'import', join(dir, 'image.tar'), image]);
    write(PASSWORD);
    await run('docker', ['--config', dir, '-H', socket, 'push', '-q', image]);
    await remove();
  });
  afterAll(async () => {
    await remove().catch(() => undefined);
    await lab?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const lines: string[] = [];
  const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  const pull = async (more: { readonly registryAuth?: string }): Promise<string> => {
    const engine = host.engine('private', '', { image, pull: 'missing', ...more }, logger);
    try {
      return await engine.image({ pull: true });
    } finally {
      await engine.close();
    }
  };

  test('is pulled with the credentials, which are read again at each pull and never logged', async () => {
    write('wrong');
    await expect(pull({ registryAuth })).rejects.toMatchObject({
      code: 'image-missing',
      remedy: expect.stringMatching(/refused the credentials in the file of --registry-auth/),
    });
    write(PASSWORD);
    expect(await pull({ registryAuth })).toMatch(/^sha256:/);
    expect(lines.join('')).not.toMatch(new RegExp(`${PASSWORD}|${btoa(`${USER}:${PASSWORD}`)}`));
  });

  test('without them is not, and the error names the option', async () => {
    await remove().catch(() => undefined);
    await expect(pull({})).rejects.toMatchObject({
      code: 'image-missing',
      remedy: expect.stringMatching(/needs credentials for .* give --registry-auth/),
    });
  });

  test('has its credentials tried by the doctor', async () => {
    write(PASSWORD);
    expect(await checkRegistry({ registryAuth, image }, target)).toEqual([
      { check: 'registry', level: 'ok', detail: `${lab.host} accepts the credentials in ${registryAuth}` },
    ]);
    write('wrong');
    expect(await checkRegistry({ registryAuth, image }, target)).toMatchObject([{ level: 'fail' }]);
    expect(await checkRegistry({ registryAuth, image: 'quay.io/x' }, target)).toMatchObject([
      { level: 'warn', detail: expect.stringMatching(/has no credentials for quay.io/) },
    ]);
  });
});
