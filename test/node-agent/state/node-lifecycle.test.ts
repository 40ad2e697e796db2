// The node's lifecycle state: it survives a restart, and a drain reports how it ended.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NodeLifecycle } from '../../../node-agent/state/node-lifecycle.ts';
import { NodeStateFile } from '../../../node-agent/state/state-file.ts';

const logger = pino({ level: 'silent' });
let dir = '';
let now = 0;
const clock = { now: () => now, monotonic: () => now };
const open = () => new NodeLifecycle(new NodeStateFile(dir, logger), clock);

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tmpfleet-lifecycle-'));
  now = 1_000;
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('the lifecycle of a node', () => {
  test('is ready at first', () => expect(open().state).toBe('ready'));

  test('is the same after a restart, with its deadline', () => {
    open().drain(5_000);
    expect(open().current).toEqual({ state: 'draining', deadline: 6_000, forced: null });
  });

  test('is drained, unforced, when the last reader left by themselves', () => {
    const lifecycle = open();
    lifecycle.drain(5_000);
    lifecycle.sweep(1, () => 0);
    expect(lifecycle.state).toBe('draining');
    lifecycle.sweep(0, () => 0);
    expect(lifecycle.current).toEqual({ state: 'drained', deadline: null, forced: false });
  });

  test('ends readers at the deadline and reports that it was forced', () => {
    const lifecycle = open();
    lifecycle.drain(5_000);
    let ended = 0;
    const endHeld = () => {
      ended += 2;
      return 2;
    };
    lifecycle.sweep(2, endHeld);
    expect(ended).toBe(0);
    now += 5_000;
    lifecycle.sweep(2, endHeld);
    expect(ended).toBe(2);
    lifecycle.sweep(0, endHeld);
    expect(lifecycle.current).toMatchObject({ state: 'drained', forced: true });
  });

  test('refuses changes that the table does not allow, and stays as it was', () => {
    const lifecycle = open();
    lifecycle.drain(0);
    lifecycle.sweep(0, () => 0);
    expect(() => lifecycle.cordon()).toThrow(/a node that is drained cannot cordon/);
    expect(lifecycle.state).toBe('drained');
  });

  test('is cordoned when the file cannot be read: a draining node must not fill up by accident', () => {
    open().drain(5_000);
    writeFileSync(join(dir, 'node-state.json'), '{"state":"drai');
    expect(open().state).toBe('cordoned');
  });

  test('is on disk when the call returns', () => {
    open().cordon();
    expect(JSON.parse(readFileSync(join(dir, 'node-state.json'), 'utf8'))).toMatchObject({
      state: 'cordoned',
    });
  });

  test('counts as cordoned while claims cannot be recorded', () => {
    let canRecord = false;
    const lifecycle = new NodeLifecycle(new NodeStateFile(dir, logger), clock, () => canRecord);
    expect(lifecycle.state).toBe('cordoned');
    canRecord = true;
    expect(lifecycle.state).toBe('ready');
  });
});
