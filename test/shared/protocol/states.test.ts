// The transition tables of sandboxes and nodes, every pair of states.
import { describe, expect, test } from 'vitest';
import { moveNode, NODE_STATES, type NodeEvent } from '../../../shared/protocol/node-state.ts';
import {
  END_REASONS,
  endSandbox,
  moveSandbox,
  SANDBOX_STATES,
  STOPPED,
} from '../../../shared/protocol/sandbox-state.ts';

describe('a sandbox', () => {
  const allowed = new Set(['starting>warm', 'warm>claimed', 'claimed>warm', 'claimed>active']);
  for (const from of SANDBOX_STATES) {
    for (const to of SANDBOX_STATES) {
      const legal = allowed.has(`${from}>${to}`) || (to === 'removing' && from !== 'removing');
      test(`${legal ? 'goes' : 'never goes'} from ${from} to ${to}`, () => {
        if (legal) expect(moveSandbox(from, to)).toBe(to);
        else expect(() => moveSandbox(from, to)).toThrow(/cannot go/);
      });
    }
  }

  test.each([
    [
      'starting',
      ['failed-start', 'crashed', 'surplus', 'stale-image', 'drained', 'orphaned', 'deleted', 'shutdown'],
    ],
    [
      'warm',
      ['surplus', 'stale-image', 'drained', 'crashed', 'unresponsive', 'orphaned', 'deleted', 'shutdown'],
    ],
    [
      'claimed',
      ['unclaimed', 'expired', 'drained', ...STOPPED, 'unresponsive', 'left', 'deleted', 'shutdown'],
    ],
    ['active', ['idle', 'expired', 'drained', ...STOPPED, 'left', 'deleted', 'shutdown']],
  ] as const)('that is %s ends only for the reasons that fit', (from, reasons) => {
    const fitting = END_REASONS.filter((reason) => {
      try {
        return endSandbox(from, reason) === 'removing';
      } catch {
        return false;
      }
    });
    expect(new Set(fitting)).toEqual(new Set(reasons));
  });
});

describe('a node', () => {
  const table: Record<string, Partial<Record<NodeEvent, string>>> = {
    ready: { cordon: 'cordoned', uncordon: 'ready', drain: 'draining' },
    cordoned: { cordon: 'cordoned', uncordon: 'ready', drain: 'draining' },
    draining: { uncordon: 'ready', drain: 'draining', emptied: 'drained' },
    drained: { uncordon: 'ready', drain: 'draining' },
  };
  for (const from of NODE_STATES) {
    for (const event of ['cordon', 'uncordon', 'drain', 'emptied'] as const) {
      const to = table[from]?.[event];
      test(`that is ${from} ${to === undefined ? 'refuses' : `becomes ${to} on`} ${event}`, () => {
        if (to === undefined) expect(() => moveNode(from, event)).toThrow(/it can|cannot/);
        else expect(moveNode(from, event)).toBe(to);
      });
    }
  }
});
