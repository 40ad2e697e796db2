// Certificates as a doctor sees them: real TLS servers, certificates by openssl, in a process that trusts their CA.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Authority } from '../../lab/debian/authority.ts';
import { run } from '../../lab/run.ts';

const BUILT = new URL('../../../dist/shared/checkup/certificate.js', import.meta.url).href;
const DAY_MS = 86_400_000;
const verdictSchema = z.object({
  level: z.string().optional(),
  detail: z.string(),
  remedy: z.string().optional(),
});

describe('a certificate', () => {
  let dir: string;
  const servers: Server[] = [];
  let known: Authority;
  let other: Authority;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'tmpfleet-certificates-'));
    known = await Authority.create(join(dir, 'known'));
    other = await Authority.create(join(dir, 'other'));
  });
  afterAll(() => {
    for (const server of servers) server.close();
    rmSync(dir, { recursive: true, force: true });
  });

  /** A server with a certificate of that authority, for that name. @returns its address, by the name `localhost` */
  async function serve(authority: Authority, name: string, days: number): Promise<string> {
    const { key, cert } = await authority.issue(name, days);
    const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    return `https://localhost:${typeof address === 'object' && address !== null ? address.port : 0}/`;
  }

  /** The check by a clock that is `daysAhead` days ahead. */
  async function look(url: string, daysAhead = 0): Promise<z.infer<typeof verdictSchema>> {
    const code = `const { checkCertificate } = await import(${JSON.stringify(BUILT)});
      console.log(JSON.stringify(await checkCertificate(${JSON.stringify(url)}, Date.now() + ${daysAhead * DAY_MS})));`;
    const env = { NODE_EXTRA_CA_CERTS: known.ca };
    return verdictSchema.parse(
      JSON.parse(await run(process.execPath, ['--input-type=module', '-e', code], { env })),
    );
  }

  test('that is good reports its expiry, with a warning in its last two weeks', async () => {
    const url = await serve(known, 'localhost', 60);
    expect(await look(url)).toEqual({
      detail: expect.stringMatching(/^good until \d{4}-\d\d-\d\d, (59|60) days$/),
    });
    expect(await look(url, 55)).toMatchObject({ level: 'warn', remedy: expect.stringMatching(/renew/) });
    expect(await look(url, 63)).toMatchObject({
      level: 'fail',
      detail: expect.stringMatching(/expired [34] days ago/),
    });
  });

  test('of another name, or of an unknown authority, fails with a remedy', async () => {
    expect(await look(await serve(known, 'elsewhere.example', 60))).toMatchObject({
      level: 'fail',
      detail: expect.stringMatching(/localhost/),
      remedy: expect.stringMatching(/name/),
    });
    expect(await look(await serve(other, 'localhost', 60))).toMatchObject({
      level: 'fail',
      detail: expect.stringMatching(/does not trust the TLS certificate/),
      remedy: expect.stringMatching(/NODE_EXTRA_CA_CERTS/),
    });
  });
});
