// Fifty clicks at once on sixteen slots: every slot is given out once, and every other reader gets a clear refusal.
import { request } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { spawnAnswerSchema } from '../../shared/protocol/wire.ts';
import { dispatcherFor } from '../../shared/reader/localhost.ts';
import { type Demo, startDemo } from '../support/demo.ts';
import { LIGHT_COMMAND } from '../support/light-server.ts';
import { Reader } from '../support/reader.ts';
import { until } from '../support/until.ts';

let demo: Demo;
afterEach(() => demo.end());

const start = async (): Promise<string> => {
  const sizes = ['--capacity', '8', '--warm', '8', '--idle', '8s'];
  demo = startDemo(['--engine', 'local', '--command', LIGHT_COMMAND, ...sizes]);
  return demo.front();
};
const free = async (front: string): Promise<number> => {
  const stats: { available: number } = JSON.parse(await (await fetch(`${front}/stats`)).text());
  return stats.available;
};

describe('fifty at once on two nodes of eight', () => {
  test('clicks: sixteen distinct sandboxes, thirty-four 503s, and full pools after culling', async () => {
    const front = await start();
    const landings = await Promise.all(Array.from({ length: 50 }, () => new Reader().click(`${front}/tree`)));
    const served = landings.filter(({ status }) => status === 200);
    const refused = landings.filter(({ status }) => status === 503);
    expect([served.length, refused.length]).toEqual([16, 34]);
    expect(new Set(served.map(({ sandbox }) => sandbox)).size).toBe(16);
    expect(refused.every(({ headers }) => Number(headers['retry-after']) > 0)).toBe(true);
    await until('the pools are full again', async () => (await free(front)) === 16, 60_000);
    // Sixteen sandboxes, two nodes, a front: no earlier process is left.
    await until('no process is leaked', () => demo.processes().length === 19);
  });

  test('programs: sixteen sandboxes by POST /api/spawn, thirty-four times 429', async () => {
    const front = await start();
    const answers = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const answer = await request(`${front}/api/spawn`, { method: 'POST' });
        return { status: answer.statusCode, body: await answer.body.text(), headers: answer.headers };
      }),
    );
    const given = answers
      .filter(({ status }) => status === 200)
      .map(({ body }) => spawnAnswerSchema.parse(JSON.parse(body)));
    expect(given).toHaveLength(16);
    expect(new Set(given.map(({ url }) => url)).size).toBe(16);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(34);
    expect(refused.every(({ headers }) => headers['retry-after'] !== undefined)).toBe(true);
    const answersOfSandboxes = await Promise.all(
      given.map(async ({ url, token }) => {
        const headers = { authorization: `token ${token}` };
        return (await request(url, { headers, ...dispatcherFor(url) })).statusCode;
      }),
    );
    expect(answersOfSandboxes.every((status) => status === 200)).toBe(true);
  });
});
