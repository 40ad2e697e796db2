// Seen: one Docker listing that answered [] ended every sandbox of a node as crashed, and removed the containers, which
// were running. Holds now: an engine that seems to have lost everything at once is asked a second time.
import { expect, test } from 'vitest';
import type { Engine, EngineSandbox } from '../../node-agent/engine/engine.ts';
import { Pool } from '../../node-agent/pool/pool.ts';
import { Journal } from '../../node-agent/sandboxes/claim-journal.ts';
import { systemClock, systemRandom } from '../../shared/clock.ts';
import { silentLogger } from '../contract/defaults.ts';
import { localHost } from '../contract/local-host.ts';
import { TINY_SERVER } from '../lab/images/tiny-image.ts';
import { until } from '../support/until.ts';

test('an empty listing counts only when it comes twice, at a restart too', async () => {
  const host = localHost();
  const command = `${host.node} ${TINY_SERVER} --base-path /{base_path} --port {port} --ip {ip}`;
  const real = host.engine('emptied', command);
  let empty = 0;
  // The real engine, which answers [] as often as the test sets.
  const engine: Engine = Object.create(real, {
    list: {
      value: async (): Promise<readonly EngineSandbox[]> => {
        if (empty === 0) return real.list();
        empty -= 1;
        return [];
      },
    },
    ...Object.fromEntries(
      ['start', 'remove', 'diagnose', 'image'].map((name) => [
        name,
        { value: (...args: unknown[]) => Reflect.apply(Reflect.get(real, name), real, args) },
      ]),
    ),
    recipe: { get: () => real.recipe },
  });
  const journal = new Journal(host.dataDir, silentLogger);
  const makePool = (): Pool =>
    new Pool({
      ...{ engine, journal, clock: systemClock, random: systemRandom, logger: silentLogger },
      settings: {
        ...{ capacity: 2, warm: 2, warmFollow: false, warmMax: 2, concurrentStarts: 2, book: [] },
        ...{ startTimeoutMs: 60_000, paused: false },
      },
      state: () => 'ready',
      onEnd: () => undefined,
    });
  const first = makePool();
  await real.open((id) => first.exited(id));
  let second: Pool | undefined;
  try {
    await first.open();
    await until('they are warm', () => first.status().warm === 2);
    const ids = first.table.all().map(({ id }) => id);
    empty = 1;
    await first.reconcile();
    expect(first.table.inState('warm').map(({ id }) => id)).toEqual(ids);
    await first.close({ purge: false });

    second = makePool();
    empty = 1;
    await second.open();
    expect(new Set(second.table.inState('warm').map(({ id }) => id))).toEqual(new Set(ids));

    empty = 2;
    await second.reconcile();
    expect(second.table.all().filter(({ id, state }) => ids.includes(id) && state === 'warm')).toEqual([]);
  } finally {
    empty = 0;
    await first.close({ purge: false });
    await second?.close({ purge: true });
    await journal.close();
    await real.close({ purge: true });
    await host.remove();
  }
});
