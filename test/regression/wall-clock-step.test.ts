// Seen: the wall clock of a host stepped by two hours, and every reader was ended as idle within seven seconds. Why: idle
// times, leases and ages were differences of wall time. Holds now: they are measured by the monotonic clock.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { Reader } from '../support/reader.ts';
import { ShiftedClock } from '../support/shifted-clock.ts';
import { until } from '../support/until.ts';

const HOUR_MS = 3_600_000;

let agent: TestAgent;
afterEach(() => agent.close());

test.each([2, -2])(
  'a step of the wall clock by %d h ends no reader, and an hour without use does',
  async (hours) => {
    const clock = new ShiftedClock();
    agent = await startAgent({ idle: '1h', maxAge: '90m', cullInterval: '100ms' }, {}, clock);
    await agent.warm(2);
    const { sandbox = '', url, own } = await new Reader().click(`${agent.url}/`);
    const before = agent.pool.table.get(sandbox);
    expect(before?.state).toBe('active');
    clock.setWall(hours * HOUR_MS);
    await until('culling has seen the new time', () =>
      readFileSync(join(agent.dataDir, 'journal.jsonl'), 'utf8').includes('"op":"use"'),
    );
    expect((await fetch(url, { headers: own })).status).toBe(200);
    // Reports use the new wall clock.
    const listed = await (await fetch(`${agent.controlUrl}/api/sandboxes/${sandbox}`)).text();
    const lastUsed = /"last_used_at":"([^"]+)"/.exec(listed)?.[1] ?? '';
    expect(Math.abs(Date.parse(lastUsed) - clock.now())).toBeLessThan(60_000);
    clock.pass(HOUR_MS);
    await until('it is ended', () => agent.pool.table.get(sandbox) === undefined);
    expect(agent.pool.table.endings()).toEqual({ idle: 1 });
  },
);
