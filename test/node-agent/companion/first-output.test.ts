// The way of the first output through a whole node: from a kernel of a sandbox to the histogram, once for each reader.
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { afterEach, expect, test } from 'vitest';
import { awaitOutput, startKernel } from '../../../shared/reader/kernel.ts';
import { startAgent, type TestAgent } from '../../support/agent.ts';
import { Reader } from '../../support/reader.ts';
import { until } from '../../support/until.ts';

const SERVER = fileURLToPath(new URL('../../support/kernel-server.mjs', import.meta.url));

let agent: TestAgent;
afterEach(() => agent.close());

async function outputs(): Promise<readonly [count: number, sum: number]> {
  const text = await (await fetch(`${agent.controlUrl}/metrics`)).text();
  const read = (name: string): number =>
    Number(new RegExp(`^tmpfleet_reader_click_to_output_seconds_${name}\\S* (\\S+)$`, 'm').exec(text)?.[1]);
  return [read('count'), read('sum')];
}

async function open(beaconSample: string) {
  const command = `${process.execPath} ${SERVER} /{base_path}/ {ip} {port} /nowhere`;
  agent = await startAgent({ beaconSample, command });
  await agent.warm(2);
  const { sandbox = '', own } = await new Reader().click(`${agent.url}/`);
  const landing = { base: `${agent.url}/user/${sandbox}/`, headers: own };
  return {
    runLine: async () => {
      const rest = { sandbox, hops: 1, times: { claim: 0, page: 0 }, signal: undefined };
      const whole = { ...landing, ...rest };
      await awaitOutput(whole, await startKernel(whole), '6*7');
    },
    sayTimes: async () => {
      const { body, statusCode } = await request(`${landing.base}.tmpfleet/times`, {
        method: 'POST',
        headers: { ...own, 'content-type': 'application/json' },
        body: JSON.stringify({ page_ms: 10, age_ms: 2_000 }),
      });
      await body.dump();
      return statusCode;
    },
  };
}

test('the first output of a reader is timed from their click, once', async () => {
  const { runLine, sayTimes } = await open('100%');
  await runLine();
  // When the click was is not known yet.
  expect(await outputs()).toEqual([0, 0]);
  expect(await sayTimes()).toBe(204);
  await until('it is counted', async () => (await outputs())[0] === 1);
  await runLine();
  const [count, sum] = await outputs();
  expect(count).toBe(1);
  // The click was two seconds before the browser said so.
  expect(sum).toBeGreaterThan(0);
  expect(sum).toBeLessThan(2);
});

test('of readers who are not in the sample nothing is counted', async () => {
  const { runLine, sayTimes } = await open('0');
  await runLine();
  expect(await sayTimes()).toBe(400);
  expect(await outputs()).toEqual([0, 0]);
});
