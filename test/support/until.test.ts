// A failed wait reports the condition, and the state of the test's programs.
import { expect, test } from 'vitest';
import { startAgent } from './agent.ts';
import { describeOnFailure, until } from './until.ts';

const waitInVain = (): Promise<unknown> => until('pigs fly', () => false, 1);

test('a wait that fails prints what each running program reports', async () => {
  const end = describeOnFailure(() => 'the pigs are asleep');
  const endBroken = describeOnFailure(() => Promise.reject(new Error('no answer')));
  await expect(waitInVain()).rejects.toThrow(
    /^waited 1 ms in vain until pigs fly\nthe pigs are asleep\n\(no description: Error: no answer\)$/,
  );
  end();
  endBroken();
  await expect(waitInVain()).rejects.toThrow(/^waited 1 ms in vain until pigs fly$/);
});

test('a wait that fails beside a node prints its /stats and its log, until it is closed', async () => {
  const agent = await startAgent({ capacity: '1' });
  await agent.warm(1);
  await expect(waitInVain()).rejects.toThrow(/node node1: http:\S+\/stats: \{.*"warm":1.*\}\n.*node-agent/s);
  await agent.close();
  await expect(waitInVain()).rejects.toThrow(/^waited 1 ms in vain until pigs fly$/);
});
