// What readers get from a node's memory, whatever its engine: one suite for both.
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { startAgent, type TestAgent } from '../../support/agent.ts';
import { hashed, StaticReader, staticMetric } from '../../support/static-site.ts';
import { until } from '../../support/until.ts';

/** Files that look like any other, and must not be shared. */
const ODD = [
  ...['changing.js', 'custom/custom.js', 'data.bin'].map((name) => `static/${name}`),
  ...['files/static/app.js', 'api/static/app.js', 'static/version.js?v=3.1', 'static/app.js?v=1&x=2'],
  ...['names-itself', 'process', 'cookie', 'vary', 'private', 'no-store', 'page', 'tag', 'forbidden'].map(
    hashed,
  ),
  ...['huge', 'endless', 'broken'].map(hashed),
];

export function staticCacheContract(title: string, flags: Readonly<Record<string, string>>): void {
  describe(title, () => {
    const agents: TestAgent[] = [];
    afterEach(async () => {
      for (const agent of agents.splice(0)) await agent.close();
    });
    const start = async (more: Readonly<Record<string, string | boolean>>): Promise<TestAgent> => {
      const agent = await startAgent({ ...flags, ...more });
      agents.push(agent);
      return agent;
    };

    test('a file that is learnt comes from memory for readers of all sandboxes, and no sandbox is asked', async () => {
      const agent = await start({ capacity: '5', warm: '3' });
      await agent.warm(3);
      const first = await StaticReader.arrive(agent);
      const own = await first.get('static/app.js');
      expect([own.status, own.isFromMemory]).toEqual([200, false]);
      const learnt = await first.untilLearnt('static/app.js');
      expect(learnt.body.equals(own.body)).toBe(true);
      const { date: _, age: __, vary, connection: ___, 'tmpfleet-deadline': ____, ...rest } = learnt.headers;
      expect(own.headers).toMatchObject(rest);
      expect(vary).toBe('Accept-Encoding');

      const second = await StaticReader.arrive(agent);
      // It was asked by the node, before it was theirs.
      const before = await second.asked('static/app.js');
      const theirs = await second.get('static/app.js');
      expect([theirs.isFromMemory, theirs.body.equals(own.body)]).toEqual([true, true]);
      expect(await second.asked('static/app.js')).toBe(before);
      // The id of a sandbox that stands in a header is each reader's own.
      const styled = await second.untilLearnt('static/base.css');
      expect(styled.headers.link).toBe(`</user/${second.id}/static/app.js>`);
    });

    test('readers get what they accept: codings, parts, and that their copy is still good', async () => {
      const agent = await start({ capacity: '4', warm: '3' });
      await agent.warm(3);
      const reader = await StaticReader.arrive(agent);
      const { body } = await reader.untilLearnt('static/app.js');
      const coded = await until('it is compressed', async () => {
        const answer = await reader.get('static/app.js', { 'accept-encoding': 'gzip' });
        return answer.headers['content-encoding'] === 'gzip' && answer;
      });
      expect(gunzipSync(coded.body).equals(body)).toBe(true);
      expect([coded.headers.etag, coded.headers.vary]).toEqual(['W/"one"', 'Accept-Encoding']);
      const part = await reader.get('static/app.js', { range: 'bytes=0-5' });
      expect([part.status, part.body.toString()]).toEqual([206, 'export']);
      const again = await reader.get('static/app.js', { 'if-none-match': 'W/"one"' });
      expect([again.status, again.body.length, again.isFromMemory]).toEqual([304, 0, true]);
      const head = await reader.get('static/app.js', {}, 'HEAD');
      expect([head.headers['content-length'], head.body.length]).toEqual([String(body.length), 0]);
      // A hard reload asks the reader's own sandbox.
      const asked = await reader.asked('static/app.js');
      const hard = await reader.get('static/app.js', { 'cache-control': 'no-cache' });
      expect([hard.isFromMemory, await reader.asked('static/app.js')]).toEqual([false, asked + 1]);
    });

    test('a version in the address counts for nothing once sandboxes answer the same for another', async () => {
      const agent = await start({ capacity: '4', warm: '3' });
      await agent.warm(3);
      const reader = await StaticReader.arrive(agent);
      const digest: string = JSON.parse((await reader.get('digest?static/app.js')).body.toString());
      await reader.untilLearnt('static/app.js?v=20261129080513');
      expect((await reader.get('static/app.js?v=20261130000000')).isFromMemory).toBe(true);
      await reader.untilLearnt(`static/app.js?v=${digest}`);
      expect((await reader.get(`static/app.js?v=${'0'.repeat(64)}`)).isFromMemory).toBe(false);
    });

    test('what may be personal, may change, or does not end is left to each sandbox', async () => {
      const agent = await start({ capacity: '4', warm: '3' });
      await agent.warm(3);
      const reader = await StaticReader.arrive(agent);
      for (const path of ODD) await reader.begin(path);
      await reader.untilLearnt(hashed('hashed'));
      await until('nothing more is learnt', async () => (await staticMetric(agent, 'learning')) === 0);
      expect(await staticMetric(agent, 'learnt_total{outcome="kept"')).toBe(1);
      for (const path of ODD.filter((each) => !/endless|broken/.test(each)))
        expect([path, (await reader.get(path)).isFromMemory]).toEqual([path, false]);
    });

    test('with one unclaimed sandbox at a time, the next one has to confirm what the one before gave', async () => {
      const agent = await start({ capacity: '4', warm: '1' });
      await agent.warm(1);
      const first = await StaticReader.arrive(agent);
      await agent.warm(1);
      expect((await first.get('static/app.js')).isFromMemory).toBe(false);
      await until(
        'another one is waited for',
        async () => (await staticMetric(agent, 'learnt_total{outcome="later"')) > 0,
      );
      expect((await first.get('static/app.js')).isFromMemory).toBe(false);
      await StaticReader.arrive(agent);
      await agent.warm(1);
      await first.untilLearnt('static/app.js');
    });

    test('switched off, every request goes to its sandbox', async () => {
      const agent = await start({ capacity: '3', warm: '2', staticCache: '0' });
      await agent.warm(2);
      const reader = await StaticReader.arrive(agent);
      for (let time = 1; time <= 5; time += 1) {
        expect((await reader.get('static/app.js')).isFromMemory).toBe(false);
        expect(await reader.asked('static/app.js')).toBe(time);
      }
      expect(await staticMetric(agent, 'requests_total{result="miss"')).toBe(0);
    });
  });
}
