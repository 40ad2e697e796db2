// `tmpfleet sandbox logs`: what a sandbox prints, without its secrets, and with --follow until it ends.
import { afterAll, describe, expect, test } from 'vitest';
import { added } from '../../../cli/sandbox/logs.ts';
import { startAgent, type TestAgent } from '../../support/agent.ts';
import { LIGHT_COMMAND } from '../../support/light-server.ts';
import { tmpfleet } from '../../support/tmpfleet.ts';
import { run } from '../run.ts';

let agent: TestAgent;
afterAll(() => agent?.close());

test('prints the end of the output by the beginning of an id, and follows it to the end', async () => {
  const command = `echo "token {token} at $TMPFLEET_TEST"; printf '\\033[31mred\\033[0m'; ${LIGHT_COMMAND}`;
  agent = await startAgent({ capacity: '1', command });
  await agent.warm(1);
  const [sandbox] = agent.pool.table.all();
  const id = sandbox?.id ?? '';
  const env = { TMPFLEET_NODE: agent.controlUrl };
  expect(await run(['sandbox', 'logs', id.slice(0, 8)], env)).toMatchObject({
    code: 0,
    out: 'token [token] at \nred\n',
  });
  const following = tmpfleet(['sandbox', 'logs', '--follow', id], env);
  await following.printed(/red/);
  agent.pool.end(id, 'deleted');
  expect(await following.ended).toBe(0);
  expect(following.output()).toMatch(/red\n(it was|it exited)/);
});

describe('what was printed since the last look', () => {
  test.each([
    ['', 'abc', 'abc'],
    ['abc', 'abc', ''],
    ['abc', 'abcde', 'de'],
    ['abcd', 'cdef', 'ef'],
    ['abc', '', ''],
  ])('after %j, %j shows %j', (before, after, shown) => {
    expect(added(before, after)).toBe(shown);
  });

  test('a gap is marked', () => {
    expect(added('abc', 'xyz')).toMatch(/^\n\S+\nxyz$/);
  });
});
