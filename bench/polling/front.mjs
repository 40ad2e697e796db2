// The product's front over N stand-in nodes, which it polls as the product does, by undici without its thread, or by got.
import { Agent } from 'node:http';
import got from 'got';
import { pino } from 'pino';
import { redirectorOptions } from '../../dist/redirector/config.js';
import { startFront } from '../../dist/redirector/front.js';
import { HttpPollClient } from '../../dist/redirector/polling/http-poll.js';
import { loadConfig } from '../../dist/shared/config/load.js';
import { nodeStatsSchema, parseJson } from '../../dist/shared/protocol/wire.js';

const [how, count, port] = process.argv.slice(2);

/** The poll loop as it was before undici: the same limits, with got. */
class GotPollClient {
  #client = got.extend({
    agent: { http: new Agent({ keepAlive: true }) },
    timeout: { request: 2_000 },
    retry: { limit: 0 },
    followRedirect: false,
    decompress: false,
    throwHttpErrors: false,
  });
  async poll(url) {
    return parseJson((await this.#client(`${url}/stats`)).body, nodeStatsSchema, 'its report');
  }
  async retire() {}
  async close() {}
}

const clients = { ours: undefined, undici: new HttpPollClient(2_000), got: new GotPollClient() };
const { config } = loadConfig(redirectorOptions, {
  flags: { host: '127.0.0.1', port: '0', pollInterval: '2s', pollTimeout: '2s', unreachableInterval: '10s' },
  env: { TMPFLEET_SECRET: 'the-secret-of-the-bench-fleet' },
});
const address = (n) => `127.${1 + Math.floor(n / 62_500)}.${Math.floor(n / 250) % 250}.${1 + (n % 250)}`;
const members = Array.from({ length: Number(count) }, (_, n) => ({
  id: `n${n}`,
  url: `http://${address(n)}:${port}`,
}));
const membership = { members: () => members, watch: () => undefined };
const front = await startFront(config, membership, {
  logger: pino({ level: 'silent' }),
  pollClient: clients[how],
});
process.send({ port: Number(new URL(front.url).port) });
process.on('message', () => {
  const views = [...front.fleet.views()];
  process.send({
    cpu: process.cpuUsage(),
    memory: process.memoryUsage.rss(),
    reachable: views.filter(({ reachability }) => reachability === 'reachable').length,
    oldest: Math.max(...views.map(({ reportedAt }) => Date.now() - reportedAt)),
  });
});
process.on('disconnect', () => process.exit());
