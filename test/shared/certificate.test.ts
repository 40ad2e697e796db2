// Certificates as a doctor meets them: real TLS servers, certificates by openssl, in a process that trusts their authority.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { run } from '../lab/run.ts';

const BUILT = new URL('../../dist/shared/certificate.js', import.meta.url).href;
const DAY_MS = 86_400_000;
const verdictSchema = z.object({
  level: z.string().optional(),
  detail: z.string(),
  remedy: z.string().optional(),
});

describe('a certificate', () => {
  let dir: string;
  const servers: Server[] = [];
  const openssl = (...args: readonly string[]): Buffer =>
    execFileSync('openssl', args, { cwd: dir, stdio: ['ignore', 'pipe', 'ignore'] });
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'tmpfleet-certificates-'));
    for (const ca of ['ca', 'other'])
      openssl(
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '900',
        '-subj',
        `/CN=${ca}`,
        '-keyout',
        `${ca}.key`,
        '-out',
        `${ca}.pem`,
      );
  });
  afterAll(() => {
    for (const server of servers) server.close();
    rmSync(dir, { recursive: true, force: true });
  });

  /** A server with a certificate of that authority, for that name. @returns its address, by the name `localhost` */
  async function serve(ca: string, name: string, days: number): Promise<string> {
    openssl(
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      'leaf.key',
      '-out',
      'leaf.csr',
    );
    writeFileSync(join(dir, 'extensions'), `subjectAltName=DNS:${name}\n`);
    openssl(
      'x509',
      '-req',
      '-in',
      'leaf.csr',
      '-CA',
      `${ca}.pem`,
      '-CAkey',
      `${ca}.key`,
      '-CAcreateserial',
      '-days',
      String(days),
      '-extfile',
      'extensions',
      '-out',
      'leaf.pem',
    );
    const server = createServer({
      key: readFileSync(join(dir, 'leaf.key')),
      cert: readFileSync(join(dir, 'leaf.pem')),
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    return `https://localhost:${typeof address === 'object' && address !== null ? address.port : 0}/`;
  }

  /** By a clock that is so many days ahead. */
  async function look(url: string, daysAhead = 0): Promise<z.infer<typeof verdictSchema>> {
    const code = `const { checkCertificate } = await import(${JSON.stringify(BUILT)});
      console.log(JSON.stringify(await checkCertificate(${JSON.stringify(url)}, Date.now() + ${daysAhead * DAY_MS})));`;
    const env = { NODE_EXTRA_CA_CERTS: join(dir, 'ca.pem') };
    return verdictSchema.parse(
      JSON.parse(await run(process.execPath, ['--input-type=module', '-e', code], { env })),
    );
  }

  test('that is good says until when, and is warned of in its last two weeks', async () => {
    const url = await serve('ca', 'localhost', 60);
    expect(await look(url)).toEqual({
      detail: expect.stringMatching(/^good until \d{4}-\d\d-\d\d, (59|60) days$/),
    });
    expect(await look(url, 55)).toMatchObject({ level: 'warn', remedy: expect.stringMatching(/renew/) });
    expect(await look(url, 63)).toMatchObject({
      level: 'fail',
      detail: expect.stringMatching(/expired [34] days ago/),
    });
  });

  test('of another name, or of an authority that nobody knows, fails with what to do', async () => {
    expect(await look(await serve('ca', 'elsewhere.example', 60))).toMatchObject({
      level: 'fail',
      detail: expect.stringMatching(/localhost/),
      remedy: expect.stringMatching(/name/),
    });
    expect(await look(await serve('other', 'localhost', 60))).toMatchObject({
      level: 'fail',
      detail: expect.stringMatching(/not one that this host trusts/),
      remedy: expect.stringMatching(/NODE_EXTRA_CA_CERTS/),
    });
  });
});
