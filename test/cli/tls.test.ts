// TLS of the built programs: a front and its node, each with a certificate, a renewal by `tmpfleet reload`, and what is refused.
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { Authority, type Certificate } from '../lab/debian/authority.ts';
import { LIGHT_COMMAND } from '../support/light-server.ts';
import { NAVIGATION } from '../support/reader.ts';
import { freePlaces, tmpfleet } from '../support/tmpfleet.ts';
import { until } from '../support/until.ts';

let dir: string;
let authority: Authority;
let pairs: readonly Certificate[];
const dispatcher = new Agent({ connect: { rejectUnauthorized: false }, pipelining: 0 });
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tmpfleet-tls-cli-'));
  authority = await Authority.create(join(dir, 'authority'));
  pairs = [await authority.issue('127.0.0.1'), await authority.issue('127.0.0.1')];
});
afterAll(async () => {
  await dispatcher.close();
  rmSync(dir, { recursive: true, force: true });
});

const start = (program: string, flags: readonly string[]) => {
  const place = freePlaces(join(dir, program));
  const run = tmpfleet([program, ...place, '--log-format', 'json', ...flags], {
    NODE_EXTRA_CA_CERTS: authority.ca,
  });
  onTestFinished(async () => void (await run.stop()));
  return run;
};
const UP = /"url":"(https:[^"]+)","control":"(http:[^"]+)"/;
const tls = ({ cert, key }: Certificate): readonly string[] => ['--tls-cert', cert, '--tls-key', key];
const [LOCAL, COMMAND] = [
  ['--engine', 'local', '--ephemeral'],
  ['--command', LIGHT_COMMAND],
];

test('a reader comes by https from the front to a node, and both take a renewed certificate', async () => {
  const live = { cert: join(dir, 'live.pem'), key: join(dir, 'live.key') };
  const install = ({ cert, key }: Certificate): void => {
    copyFileSync(cert, live.cert);
    copyFileSync(key, live.key);
  };
  const [first, second] = pairs as [Certificate, Certificate];
  install(first);
  const node = start('node-agent', [...tls(live), ...LOCAL, ...COMMAND, '--capacity', '2']);
  const [, nodeUrl = ''] = await node.printed(UP);
  const front = start('redirector', [...tls(live), '--nodes', nodeUrl]);
  const [, frontUrl = '', control = ''] = await front.printed(UP);
  const click = async (url: string) => {
    const answer = await request(url, { dispatcher, headers: { ...NAVIGATION, accept: 'text/html' } });
    await answer.body.dump();
    return { status: answer.statusCode, location: String(answer.headers.location ?? '') };
  };
  const there = await until('the front leads to the node', async () => {
    const { status, location } = await click(`${frontUrl}/tree`);
    return status === 302 && location;
  });
  expect(there).toMatch(new RegExp(`^${nodeUrl}/tree`));
  expect((await click(there)).location).toMatch(/^\/user\//);

  copyFileSync(second.cert, live.cert);
  const reload = async () => {
    const run = tmpfleet(['reload', 'front', '--front', control]);
    return { code: await run.ended, text: run.output() };
  };
  const refused = await reload();
  expect(refused.code).not.toBe(0);
  expect(refused.text).toMatch(/tls-key: .* is not the key of the first certificate/);
  install(second);
  expect((await reload()).code).toBe(0);
  await front.printed(/new TLS certificate: connections from now on get it/);
});

test('a key that others can read is refused with what to type, and one half of a pair is named', async () => {
  const [{ cert, key }] = pairs as [Certificate];
  const open = join(dir, 'open.key');
  copyFileSync(key, open);
  chmodSync(open, 0o644);
  const refused = start('redirector', ['--tls-cert', cert, '--tls-key', open]);
  expect(await refused.ended).toBe(2);
  expect(refused.output()).toContain(`type: chmod 600 ${open}`);
  const half = start('redirector', ['--tls-cert', cert]);
  expect(await half.ended).toBe(2);
  expect(half.output()).toContain('needs the private key, too; give it with --tls-key');
});

test('doctor says until when the certificate is good', async () => {
  const [pair] = pairs as [Certificate];
  const short = await authority.issue('node1.test', 5);
  const look = async (flags: readonly string[]) => {
    const place = [
      '--host',
      '127.0.0.1',
      '--data-dir',
      join(dir, 'doctor'),
      '--port',
      '0',
      '--control-port',
      '0',
    ];
    const run = tmpfleet(['doctor', '--engine', 'local', ...place, ...flags]);
    await run.ended;
    return run.output();
  };
  expect(await look(tls(pair))).toMatch(/^ok +certificate +good until .* (59|60) days$/m);
  expect(await look(tls(short))).toMatch(/^warn +certificate +good until .* [45] days\n +→ renew it/m);
  expect(await look([...tls(pair), '--sandbox-domain', 'node1.test'])).toMatch(
    /^fail +certificate +the TLS certificate is not for \*\.node1\.test/m,
  );
});
