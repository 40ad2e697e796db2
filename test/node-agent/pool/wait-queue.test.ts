// First come, first served; a reader who left is not served.
import { describe, expect, test } from 'vitest';
import { WaitQueue } from '../../../node-agent/pool/wait-queue.ts';

const never = new AbortController().signal;

describe('the wait queue', () => {
  test('serves in the order of arrival', async () => {
    const line = new WaitQueue<string>();
    const first = line.join(60_000, never);
    const second = line.join(60_000, never);
    expect(line.serve(() => 'a')).toBe(true);
    expect(line.serve(() => 'b')).toBe(true);
    expect(await Promise.all([first, second])).toEqual(['a', 'b']);
  });

  test('takes nothing when no reader waits', () => {
    const line = new WaitQueue<string>();
    const taken: string[] = [];
    const served = line.serve(() => {
      taken.push('a');
      return 'a';
    });
    expect(served).toBe(false);
    expect(taken).toEqual([]);
  });

  test('passes over a reader who left', async () => {
    const line = new WaitQueue<string>();
    const leaving = new AbortController();
    const gone = line.join(60_000, leaving.signal);
    const stays = line.join(60_000, never);
    leaving.abort();
    expect(line.length).toBe(1);
    line.serve(() => 'a');
    expect(await Promise.all([gone, stays])).toEqual([undefined, 'a']);
  });

  test('gives up after the time is over', async () => {
    const line = new WaitQueue<string>();
    expect(await line.join(1, never)).toBeUndefined();
    expect(line.length).toBe(0);
  });

  test('sends all away when it is dismissed', async () => {
    const line = new WaitQueue<string>();
    const waiting = [line.join(60_000, never), line.join(60_000, never)];
    line.dismiss();
    expect(await Promise.all(waiting)).toEqual([undefined, undefined]);
    expect(line.length).toBe(0);
  });
});
