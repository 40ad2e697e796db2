// The logs of a fleet in use: they have enough to follow a sandbox, and nothing that would open one.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type Demo, startDemo } from '../support/demo.ts';
import { Reader } from '../support/reader.ts';
import { until } from '../support/until.ts';

let demo: Demo;
afterEach(() => demo.end());

test('no ticket, query, cookie or whole sandbox id is ever logged', async () => {
  demo = startDemo(['--engine', 'local', '--capacity', '2', '--warm', '1']);
  const front = await demo.front();
  const landed = await new Reader().click(`${front}/notebooks/x?password=hunter2`);
  const spawned: { url: string } = JSON.parse(
    await (
      await fetch(`${front}/api/spawn`, {
        method: 'POST',
        headers: { authorization: 'token s3cr3t-of-mine' },
      })
    ).text(),
  );
  const ids = [landed.sandbox ?? '', /\/user\/([^/]+)/.exec(spawned.url)?.[1] ?? ''];
  expect(ids.every((id) => id.length === 40)).toBe(true);

  const [dir = ''] = demo.files();
  const logs = (): string =>
    readdirSync(join(demo.dir, dir))
      .filter((name) => name.endsWith('.log'))
      .map((name) => readFileSync(join(demo.dir, dir, name), 'utf8'))
      .join('');
  // Shortened ids are in the logs, so the logs were written and sandboxes can be followed.
  await until('both claims are logged', () => ids.every((id) => logs().includes(id.slice(0, 8))));
  for (const secret of [...ids, 'hunter2', 'ticket=', 's3cr3t-of-mine', 'tmpfleet_demo']) {
    expect(logs()).not.toContain(secret);
  }
});
