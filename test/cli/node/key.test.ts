// `tmpfleet node key`: what an operator types at the front, and what the node then does with it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { formatNodeKey } from '../../../shared/protocol/node-key.ts';
import { tmpfleet } from '../../support/tmpfleet.ts';

const SECRET = 'the-fleet-secret-of-this-test';
const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-node-key-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const ran = tmpfleet(args, env);
  return { code: await ran.ended, output: ran.output() };
}

describe('node key', () => {
  test('prints the key from a file or the environment, also as JSON, and never the secret', async () => {
    const file = join(dir, 'fleet-secret');
    writeFileSync(file, `${SECRET}\n`, { mode: 0o600 });
    const key = formatNodeKey([SECRET], 'node7');
    expect(await run(['node', 'key', 'node7', '--secret-file', file])).toEqual({
      code: 0,
      output: `${key}\n`,
    });
    const json = await run(['node', 'key', 'node7', '--json'], { TMPFLEET_SECRET: SECRET });
    expect(JSON.parse(json.output)).toEqual({ node: 'node7', key });
    const both = await run(['node', 'key', 'node7'], { TMPFLEET_SECRET: `${SECRET},the-secret-before-it` });
    expect(both.output.trim().split(',')[0]).toBe(key);
    expect(both.output).not.toContain(SECRET);
  });

  test('says what is missing', async () => {
    expect(await run(['node', 'key', 'node7'])).toMatchObject({
      code: 2,
      output: expect.stringMatching(/secret.*--secret-file or TMPFLEET_SECRET/s),
    });
    const odd = await run(['node', 'key', 'no name'], { TMPFLEET_SECRET: SECRET });
    expect(odd.output).toMatch(/node id: invalid value "no name"/);
    expect(odd.code).not.toBe(0);
  });
});

describe('a node-agent', () => {
  const check = (env: Readonly<Record<string, string>>, flags: readonly string[] = []) =>
    run(['node-agent', '--node-id', 'node7', '--print-config', ...flags], env);

  test('takes its key, and refuses another node’s or a damaged one without showing it', async () => {
    const key = formatNodeKey([SECRET], 'node7');
    const good = await check({ TMPFLEET_NODE_KEY: key });
    expect(good).toMatchObject({ code: 0, output: expect.stringContaining('# node-key: (set)') });
    for (const [bad, why] of [
      [formatNodeKey([SECRET], 'node8'), 'it is for the node node8, and this node is node7'],
      [key.slice(0, -1), 'it is damaged'],
    ] as const) {
      const refused = await check({ TMPFLEET_NODE_KEY: bad });
      expect(refused).toMatchObject({ code: 2, output: expect.stringContaining(why) });
      expect(refused.output).toContain('tmpfleet node key node7');
      expect(refused.output).not.toContain(bad);
    }
  });

  test('refuses a key beside the secret, and a key in a file that others can read', async () => {
    const key = formatNodeKey([SECRET], 'node7');
    const both = await check({ TMPFLEET_NODE_KEY: key, TMPFLEET_SECRET: SECRET });
    expect(both).toMatchObject({
      code: 2,
      output: expect.stringContaining('the secret of the fleet is set too'),
    });
    const file = join(dir, 'open-key');
    writeFileSync(file, key, { mode: 0o644 });
    const open = await check({}, ['--node-key-file', file]);
    expect(open).toMatchObject({ code: 2, output: expect.stringContaining(`type: chmod 600 ${file}`) });
  });

  test('that is given the fleet’s secret works, and warns with what to do', async () => {
    const args = ['--host', '127.0.0.1', '--port', '0', '--control-port', '0', '--engine', 'local'];
    const ran = tmpfleet(
      ['node-agent', '--node-id', 'node7', ...args, '--ephemeral', '--data-dir', join(dir, 'agent')],
      { TMPFLEET_SECRET: SECRET },
    );
    await ran.printed(/node-agent is up/, 30_000);
    expect(ran.output()).toMatch(
      /commands the whole fleet.*tmpfleet node key node7|tmpfleet node key node7.*commands/s,
    );
    expect(ran.output()).not.toContain(SECRET);
    await ran.stop();
  });
});
