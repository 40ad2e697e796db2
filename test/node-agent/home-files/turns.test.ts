// Whose files are sent: one client, who takes everything as slowly as they like, keeps no other from theirs.
import { setImmediate as settle } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Turns } from '../../../node-agent/home-files/turns.ts';

/** Asks for turns, and says which have begun; each goes on until it is ended. */
function asking(concurrent: number) {
  const turns = new Turns(concurrent);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const ask = (id: string, client?: string): Promise<void> =>
    turns.take(id, client, () => {
      begun.push(id);
      return new Promise((resolve) => ends.set(id, resolve));
    });
  return { begun, ask, end: (id: string) => ends.get(id)?.() };
}

test('a client with many sandboxes has half of the turns, and others the rest', async () => {
  const { begun, ask, end } = asking(4);
  const all = ['a1', 'a2', 'a3', 'a4'].map((id) => ask(id, 'a'));
  await settle();
  expect(begun).toEqual(['a1', 'a2']);
  all.push(ask('b1', 'b'), ask('operator'));
  await settle();
  expect(begun.toSorted()).toEqual(['a1', 'a2', 'b1', 'operator']);
  end('a1');
  await settle();
  expect(begun.at(-1)).toBe('a3');
  end('a2');
  await settle();
  for (const id of ['a3', 'a4', 'b1', 'operator']) end(id);
  await Promise.all(all);
});

test('with one turn, one at a time; a client who has gone may come again', async () => {
  const { begun, ask, end } = asking(1);
  const first = ask('a1', 'a');
  await settle();
  end('a1');
  await first;
  const second = ask('a1', 'a');
  await settle();
  expect(begun).toEqual(['a1', 'a1']);
  end('a1');
  await second;
});

test('the same files twice at a time, and more than may wait, are refused', async () => {
  const { ask } = asking(1);
  void ask('a');
  await expect(ask('a')).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 10_000 });
  for (let n = 0; n < 256; n += 1) void ask(`b${n}`);
  await expect(ask('c')).rejects.toThrow('too much is being saved already');
});
