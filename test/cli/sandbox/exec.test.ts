// `tmpfleet sandbox exec` as an operator types it: output, input, exit code, and what is left in the audit trail.
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { auditSchema } from '../../../shared/api/registry.ts';
import { startAgent, type TestAgent } from '../../support/agent.ts';
import { processesWith } from '../../support/processes.ts';
import { SCRIPT, tmpfleet } from '../../support/tmpfleet.ts';
import { until } from '../../support/until.ts';
import { run, runJson } from '../run.ts';

vi.setConfig({ testTimeout: 120_000 });

let agent: TestAgent;
let env: Record<string, string> = {};
let id = '';
beforeAll(async () => {
  agent = await startAgent({ capacity: '1' });
  await agent.warm(1);
  id = agent.pool.table.all()[0]?.id ?? '';
  env = { TMPFLEET_NODE: agent.controlUrl };
});
afterAll(() => agent?.close());

const exec = (...command: string[]) => run(['sandbox', 'exec', id.slice(0, 8), '--', ...command], env);
const shell = (script: string) => exec('sh', '-c', script);

/** With a standard input, which `run` does not give. */
async function withInput(input: string, ...args: string[]) {
  const child = spawn(process.execPath, [SCRIPT, 'sandbox', 'exec', ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stdin.end(input);
  const code = await new Promise((resolve) => child.once('close', resolve));
  return { code, out };
}

describe('tmpfleet sandbox exec', () => {
  test('prints what the command prints, each on its own stream, and ends with its exit code', async () => {
    expect(await shell('echo out; echo err >&2; exit 7')).toEqual({ code: 7, out: 'out\n', err: 'err\n' });
    expect(await exec('true')).toEqual({ code: 0, out: '', err: '' });
    expect((await shell('kill -TERM $$')).code).toBe(143);
  });

  test('its options stand before the command, and what looks like one after -- belongs to the command', async () => {
    expect((await exec('echo', '--json', '-i', '--help')).out).toBe('--json -i --help\n');
  });

  test('passes standard input on only with --stdin', async () => {
    const long = 'a line of input\n'.repeat(20_000);
    expect(await withInput(long, '-i', id, '--', 'cat')).toEqual({ code: 0, out: long });
    expect(await withInput('lost', id, '--', 'cat')).toEqual({ code: 0, out: '' });
  });

  test('with --json gives both streams as text, and the code', async () => {
    const { code, out } = await run(
      ['sandbox', 'exec', id, '--json', '--', 'sh', '-c', 'echo a; echo b >&2; exit 3'],
      env,
    );
    expect([code, JSON.parse(out)]).toEqual([
      3,
      { exit_code: 3, stdout: 'a\n', stderr: 'b\n', truncated: false },
    ]);
  });

  test('ends with 125 where the command cannot be run, and says why', async () => {
    expect(await exec('/nothing/there')).toMatchObject({ code: 125, err: expect.stringContaining('ENOENT') });
    expect(await run(['sandbox', 'exec', 'ffffffff', '--', 'ls'], env)).toMatchObject({
      code: 125,
      err: expect.stringContaining('no sandbox here is called "ffffffff"'),
    });
    const nowhere = { TMPFLEET_NODE: 'http://127.0.0.1:1' };
    expect(await run(['sandbox', 'exec', id, '--', 'ls'], nowhere)).toMatchObject({
      code: 125,
      err: expect.stringContaining('the node cannot be reached'),
    });
  });

  test('is in the audit trail of the node with the command, without the whole id', async () => {
    await shell('exit 0');
    await until('it is there', async () => {
      const [entry] = auditSchema.parse(await runJson(['pool', 'audit'], env));
      return (
        entry?.what === `POST /api/sandboxes/${id.slice(0, 8)}…/exec` &&
        JSON.stringify(entry.body).includes('["sh","-c","exit 0"]')
      );
    });
    expect(agent.log()).toContain('an operator runs a command in a sandbox');
    expect(agent.log()).not.toContain('exit 0');
  });

  test('that is interrupted ends the command', async () => {
    const running = tmpfleet(['sandbox', 'exec', id, '--', 'sh', '-c', 'echo begun; sleep 98761'], env);
    await running.printed(/begun/);
    expect(processesWith('98761').filter((pid) => pid !== running.pid)).not.toEqual([]);
    running.process.kill('SIGINT');
    await running.ended;
    await until('it is gone', () => processesWith('98761').length === 0);
  });

  test('ends with its sandbox', async () => {
    const running = tmpfleet(['sandbox', 'exec', id, '--', 'sh', '-c', 'echo begun; sleep 98762'], env);
    await running.printed(/begun/);
    agent.pool.end(id, 'deleted');
    expect(await running.ended).not.toBe(0);
    await until('it is gone', () => processesWith('98762').length === 0);
    await agent.warm(1);
    id = agent.pool.table.all()[0]?.id ?? '';
  });
});
