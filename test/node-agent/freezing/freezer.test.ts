// When sandboxes are frozen and thawed: order, pace, and what happens when the engine fails. The engine's answers are made here.
import { setImmediate as breathe } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { Freezer, type FreezerOptions } from '../../../node-agent/freezing/freezer.ts';
import { SteadyClock } from '../../../node-agent/sandboxes/steady-clock.ts';
import { createSandbox, type Sandbox, SandboxTable } from '../../../node-agent/sandboxes/table.ts';
import { FleetError } from '../../../shared/errors.ts';
import { ShiftedClock } from '../../support/shifted-clock.ts';
import { createTestLog } from '../../support/test-logger.ts';
import { until } from '../../support/until.ts';

/** Calls of an engine that wait until the test lets them go. */
class Engine {
  readonly calls: string[] = [];
  readonly #open: { readonly name: string; readonly settle: (error?: Error) => void }[] = [];
  freeze = (id: string): Promise<void> => this.#call(`freeze ${id}`);
  thaw = (id: string): Promise<void> => this.#call(`thaw ${id}`);
  freezeSavings = async () => ({ cpu: true, memory: true, missing: '' });

  get waiting(): number {
    return this.#open.length;
  }

  /** Answers the calls under way. */
  answer(error?: Error): void {
    for (const { settle } of this.#open.splice(0)) settle(error);
  }

  #call(name: string): Promise<void> {
    this.calls.push(name);
    return new Promise((resolve, reject) => {
      this.#open.push({ name, settle: (error) => (error === undefined ? resolve() : reject(error)) });
    });
  }
}

function bed(count: number, more: Partial<FreezerOptions> = {}) {
  const clock = new ShiftedClock();
  const time = new SteadyClock(clock);
  const table = new SandboxTable();
  const engine = new Engine();
  const thawed: number[] = [];
  const busy = new Set<string>();
  const sandboxes: Sandbox[] = [];
  for (let index = 0; index < count; index += 1) {
    const sandbox: Sandbox = {
      ...createSandbox({ image: 'i', recipe: 'r', createdAt: time.now() }),
      ...{ id: `s${index}`, state: 'active', claimedAt: time.now(), lastUse: time.now() },
    };
    table.add(sandbox);
    sandboxes.push(sandbox);
  }
  const log = createTestLog();
  const freezer = new Freezer({
    ...{ engine, table, clock, time, random: () => 0.5, logger: log.logger },
    config: { freezeAfterMs: 60_000, keepBusy: false },
    isBusy: (id) => busy.has(id),
    lookAtKernels: async () => undefined,
    onThawed: (seconds) => thawed.push(seconds),
    ...more,
  });
  onTestFinished(async () => {
    const stopped = freezer.stop();
    engine.answer();
    await stopped;
  });
  const asked = (calls: number) =>
    until(`the engine is asked ${calls} times`, () => engine.calls.length === calls && engine.waiting > 0);
  const [first] = sandboxes;
  if (first === undefined) throw new Error('no sandbox');
  return {
    clock,
    time,
    table,
    engine,
    freezer,
    thawed,
    busy,
    sandboxes,
    first,
    asked,
    log: () => log.recent(),
  };
}

/** Of one sandbox, which is frozen when this resolves. */
async function frozenBed(more: Partial<FreezerOptions> = {}) {
  const all = bed(1, more);
  all.clock.pass(61_000);
  all.freezer.sweep();
  await all.asked(1);
  all.engine.answer();
  await until('it is counted', () => all.freezer.tally.frozen === 1);
  return all;
}

test('an unused sandbox is frozen once, and thawed once when its reader asks', async () => {
  const { freezer, engine, first, asked, thawed } = await frozenBed();
  expect(first.frozen).toBe(true);
  freezer.sweep();
  expect(engine.calls).toEqual(['freeze s0']);
  freezer.wake('s0');
  freezer.wake('s0');
  await asked(2);
  expect(first.frozen).toBe(true);
  engine.answer();
  await until('it is thawed', () => first.frozen === false);
  expect(engine.calls).toEqual(['freeze s0', 'thaw s0']);
  expect(thawed).toHaveLength(1);
});

test('a reader who comes while it is being frozen gets it thawed at once', async () => {
  const { clock, freezer, engine, first, asked } = bed(1);
  clock.pass(61_000);
  freezer.sweep();
  await asked(1);
  freezer.wake('s0');
  engine.answer();
  await asked(2);
  engine.answer();
  await until('it is thawed', () => first.frozen === false);
  expect(engine.calls).toEqual(['freeze s0', 'thaw s0']);
});

test('one with a request under way is not frozen, nor one whose kernels compute', async () => {
  const { clock, time, freezer, engine, busy, first } = bed(1, {
    config: { freezeAfterMs: 60_000, keepBusy: true },
    lookAtKernels: async (sandbox) => {
      sandbox.lastUse = time.now();
    },
  });
  clock.pass(61_000);
  busy.add('s0');
  freezer.sweep();
  busy.delete('s0');
  expect(first.lastUse).toBeLessThan(time.now() - 60_000);
  freezer.sweep();
  await until('its kernels were looked at', () => (first.lastUse ?? 0) > time.now() - 60_000);
  freezer.sweep();
  expect(engine.calls).toEqual([]);
});

test('after a poll it rests for a while before it is frozen again, and each further poll begins that anew', async () => {
  const { clock, freezer, engine, first, asked } = await frozenBed();
  freezer.wake('s0');
  await asked(2);
  engine.answer();
  await until('it is thawed', () => first.frozen === false);
  clock.pass(10_000);
  freezer.wake('s0');
  clock.pass(10_000);
  freezer.sweep();
  expect(engine.calls).toHaveLength(2);
  clock.pass(6_000);
  freezer.sweep();
  await asked(3);
  expect(engine.calls.at(-1)).toBe('freeze s0');
});

test('a crowd that comes back at once is thawed a few at a time', async () => {
  const { clock, freezer, engine, sandboxes } = bed(12);
  clock.pass(61_000);
  freezer.sweep();
  await until('all are frozen', () => {
    engine.answer();
    return freezer.tally.frozen === 12;
  });
  engine.calls.length = 0;
  for (const { id } of sandboxes) freezer.wake(id);
  await until('some are being thawed', () => engine.waiting > 0);
  expect(engine.calls).toEqual(['thaw s0', 'thaw s1', 'thaw s2', 'thaw s3']);
  await until('all are thawed', () => {
    expect(engine.waiting).toBeLessThanOrEqual(4);
    engine.answer();
    return sandboxes.every(({ frozen }) => frozen === false);
  });
  expect(engine.calls).toHaveLength(12);
});

test('where freezing fails the sandbox is thawed, and others are left alone for a while', async () => {
  const { clock, freezer, engine, first, asked, log } = bed(2);
  clock.pass(61_000);
  freezer.sweep();
  await asked(2);
  engine.answer(new FleetError('conflict', 'no freezer'));
  await until('both are thawed', () => {
    engine.answer();
    return first.frozen === false;
  });
  expect(engine.calls.toSorted()).toEqual(['freeze s0', 'freeze s1', 'thaw s0', 'thaw s1']);
  expect(freezer.tally).toEqual({ frozen: 0, failed: 2 });
  expect(log()).toContain('no freezer');
  freezer.sweep();
  expect(engine.calls).toHaveLength(4);
});

test('a thaw that the engine refuses is repeated until it succeeds', async () => {
  const { freezer, engine, first, asked } = await frozenBed();
  freezer.wake('s0');
  await asked(2);
  engine.answer(new FleetError('engine-timeout', 'Docker is slow'));
  await asked(3);
  expect(first.frozen).toBe(true);
  engine.answer();
  await until('it is thawed', () => first.frozen === false);
});

test('an end during a freeze is not followed by a thaw', async () => {
  const { clock, freezer, engine, asked } = bed(1);
  clock.pass(61_000);
  freezer.sweep();
  await asked(1);
  freezer.forget('s0');
  engine.answer();
  await freezer.stop();
  expect(engine.calls).toEqual(['freeze s0']);
});

test('an operator who holds it gets it thawed, and it is not frozen until they let go', async () => {
  const { clock, freezer, engine, first, asked } = await frozenBed();
  const held = freezer.hold('s0');
  await asked(2);
  engine.answer();
  const letGo = await held;
  expect(first.frozen).toBe(false);
  clock.pass(600_000);
  freezer.sweep();
  expect(engine.calls).toHaveLength(2);
  letGo();
  letGo();
  freezer.sweep();
  await asked(3);
  expect(engine.calls.at(-1)).toBe('freeze s0');
});

test('what an earlier run has left frozen waits for its reader; one that was never used goes on', async () => {
  const { freezer, engine, sandboxes, asked } = bed(2);
  for (const sandbox of sandboxes) sandbox.frozen = true;
  const [, unused] = sandboxes;
  if (unused !== undefined) unused.state = 'claimed';
  await freezer.open();
  await asked(1);
  expect(engine.calls).toEqual(['thaw s1']);
  freezer.wake('s0');
  await asked(2);
  engine.answer();
  await until('both go on', () => sandboxes.every(({ frozen }) => frozen === false));
});

test.each([
  [{ cpu: true, memory: false, missing: 'this host has no swap' }, 'saves only processor time'],
  [{ cpu: false, memory: false, missing: 'it cannot' }, 'no sandbox is frozen'],
])('the start says what freezing does not save: %o', async (savings, text) => {
  const { clock, freezer, engine, log } = bed(1);
  engine.freezeSavings = async () => savings;
  await freezer.open();
  expect(log()).toContain(text);
  expect(log()).toContain(savings.missing);
  clock.pass(61_000);
  freezer.sweep();
  await breathe();
  expect(engine.calls).toEqual(savings.cpu ? ['freeze s0'] : []);
});
