// The product's view, poll loop and hot path over N stand-in nodes, polled as the product does, by undici or by got.
import { Agent, createServer } from 'node:http';
import got from 'got';
import { pino } from 'pino';
import { LineDesk } from '../../dist/redirector/line/desk.js';
import { Fleet } from '../../dist/redirector/nodes/fleet.js';
import { Dispatcher } from '../../dist/redirector/placement/dispatcher.js';
import { WaitingRoom } from '../../dist/redirector/placement/waiting-room.js';
import { HttpPollClient } from '../../dist/redirector/polling/http-poll.js';
import { Poller } from '../../dist/redirector/polling/poller.js';
import { createRedirect } from '../../dist/redirector/public/redirect.js';
import { ReturnCookies } from '../../dist/redirector/public/return-cookie.js';
import { systemClock, systemRandom } from '../../dist/shared/clock.js';
import { FleetKeys } from '../../dist/shared/protocol/fleet-keys.js';
import { redirectorKey } from '../../dist/shared/protocol/ticket.js';
import { nodeStatsSchema, parseJson } from '../../dist/shared/protocol/wire.js';

const [how, count, port] = process.argv.slice(2);
const pollIntervalMs = 2_000;

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

const fleet = new Fleet(systemClock, { pollIntervalMs });
const keys = new FleetKeys(['a-secret-for-the-bench']);
const dispatcher = new Dispatcher({
  fleet,
  keys,
  redirector: 'bench',
  boot: 'boot',
  clock: systemClock,
  random: systemRandom,
});
const askNow = (view) => poller.pollNow(view);
const desk = new LineDesk({
  ...{ dispatcher, fleet, keys, redirector: 'bench', boot: 'boot', askNow },
  ...{
    ourKey: redirectorKey({ redirector: 'bench', boot: 'boot' }),
    clock: systemClock,
    random: systemRandom,
  },
  ...{ countAdmitted: () => undefined, countLeft: () => undefined },
});
const room = new WaitingRoom({
  ...{ dispatcher, fleet, clock: systemClock, askNow, holdForMs: 3_000 },
  isOwed: () => desk.line.owesAll(),
  count: () => undefined,
});
const redirect = createRedirect({
  ...{ dispatcher, room, desk, clock: systemClock },
  // One client makes all the requests.
  arrivals: { clientOf: ({ socket }) => socket.remoteAddress, isExempt: () => true, admit: () => 0 },
  proof: { isAsked: false },
  returns: new ReturnCookies({ keys, trustProxy: false, clock: systemClock }),
  preview: { title: 'a bench', description: '', previewImage: '' },
  trustProxy: false,
  postOrigins: { allowOrigin: '', embedOrigins: [] },
  isOwn: () => false,
  refuse: (_, response) => response.writeHead(503).end(),
  answerWaiting: (_, response) => response.writeHead(503).end(),
  countRefusal: () => undefined,
  count: () => undefined,
  countBounce: () => undefined,
  countLaunchPage: () => undefined,
  log: undefined,
});
const server = createServer((request, response) => redirect(request, response));
const address = (n) => `127.${1 + Math.floor(n / 62_500)}.${Math.floor(n / 250) % 250}.${1 + (n % 250)}`;
fleet.setMembers(
  Array.from({ length: Number(count) }, (_, n) => ({ id: `n${n}`, url: `http://${address(n)}:${port}` })),
);
const poller = new Poller({
  fleet,
  clock: systemClock,
  random: systemRandom,
  logger: pino({ level: 'silent' }),
  pollIntervalMs,
  pollTimeoutMs: 2_000,
  unreachableIntervalMs: 10_000,
  ...(how === 'got' ? { client: new GotPollClient() } : {}),
  ...(how === 'undici' ? { client: new HttpPollClient(2_000) } : {}),
});
poller.sync();
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('message', () => {
  const views = [...fleet.views()];
  process.send({
    cpu: process.cpuUsage(),
    memory: process.memoryUsage.rss(),
    reachable: views.filter(({ reachability }) => reachability === 'reachable').length,
    oldest: Math.max(...views.map(({ reportedAt }) => Date.now() - reportedAt)),
  });
});
process.on('disconnect', () => process.exit());
