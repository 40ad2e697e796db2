// The progress of a pull, from the lines that Docker sends.
import { describe, expect, test } from 'vitest';
import { PullProgress } from '../../../node-agent/engine/docker/image/pull.ts';

const line = (id: string, status: string, current?: number, total?: number): string =>
  JSON.stringify({ id, status, progressDetail: current === undefined ? {} : { current, total } });

describe('a pull', () => {
  test('waits for the registry until a layer begins', () => {
    const progress = new PullProgress();
    progress.take(JSON.stringify({ status: 'Pulling from library/x', id: 'latest' }));
    progress.take(line('a', 'Waiting'));
    expect(progress.describe()).toBe('waiting for the registry');
  });

  test('adds up its layers, and does not go back when they are extracted', () => {
    const progress = new PullProgress();
    progress.take(line('a', 'Downloading', 10_000_000, 100_000_000));
    progress.take(line('b', 'Downloading', 5_000_000, 50_000_000));
    expect(progress.describe()).toBe('15 of 150 MB');
    progress.take(line('a', 'Download complete'));
    progress.take(line('a', 'Extracting', 1_000_000, 100_000_000));
    expect(progress.describe()).toBe('105 of 150 MB');
  });

  test('reports the error that Docker puts into a line', () => {
    expect(new PullProgress().take('{"error":"manifest unknown"}').error).toBe('manifest unknown');
    expect(new PullProgress().take('')).toEqual({});
  });
});
