// Seen: after 4,284 readers in a soak, a node reported 15 orphans, though nothing had gone wrong. Why: a sandbox whose
// removal ended while the engine listed its sandboxes was in the listing and no longer in the pool, and so looked
// like one without an owner. Holds now: a sandbox known before the listing is no orphan.
import { expect, test } from 'vitest';
import type { Engine } from '../../node-agent/engine/engine.ts';
import { Pool } from '../../node-agent/pool/pool.ts';
import { Journal } from '../../node-agent/sandboxes/claim-journal.ts';
import { systemClock, systemRandom } from '../../shared/clock.ts';
import { silentLogger } from '../contract/defaults.ts';
import { localHost } from '../contract/local-host.ts';
import { TINY_SERVER } from '../lab/images/tiny-image.ts';
import { until } from '../support/until.ts';

test('a sandbox that is removed during a listing is not counted as an orphan', async () => {
  const host = localHost();
  const command = `${host.node} ${TINY_SERVER} --base-path /{base_path} --port {port} --ip {ip}`;
  const real = host.engine('counting', command);
  let asked = Promise.resolve();
  // The real engine, whose listing waits for the test.
  const engine: Engine = {
    kind: real.kind,
    describe: (image) => real.describe(image),
    renew: () => real.renew(),
    open: (onExit) => real.open(onExit),
    start: (spec) => real.start(spec),
    remove: (id) => real.remove(id),
    image: () => real.image(),
    disks: real.disks,
    get recipe() {
      return real.recipe;
    },
    diagnose: (id) => real.diagnose(id),
    close: (options) => real.close(options),
    list: async () => {
      const listed = await real.list();
      await asked;
      return listed;
    },
  };
  const journal = new Journal(host.dataDir, silentLogger);
  const pool = new Pool({
    ...{ engine, journal, clock: systemClock, random: systemRandom, logger: silentLogger },
    settings: {
      ...{ capacity: 1, warm: 1, warmFollow: false, warmMax: 1, concurrentStarts: 1, book: [] },
      ...{ startTimeoutMs: 60_000, paused: false },
    },
    state: () => 'ready',
    onEnd: () => undefined,
  });
  await engine.open((id) => pool.exited(id));
  try {
    await pool.open();
    await until('it is warm', () => pool.status().warm === 1);
    const [first] = pool.table.all();
    let answer = (): void => undefined;
    asked = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const reconciled = pool.reconcile();
    pool.end(first?.id ?? '', 'deleted');
    await until('it is gone', () => pool.table.get(first?.id ?? '') === undefined);
    answer();
    await reconciled;
    expect(pool.table.endings()).toEqual({ deleted: 1 });
  } finally {
    asked = Promise.resolve();
    await pool.close({ purge: true });
    await journal.close();
    await engine.close({ purge: true });
    await host.remove();
  }
});
