// Nodes that really misbehave: each is set aside with its reason, and the node beside it goes on.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { until } from '../../support/until.ts';
import { Bench, type Front, listen, sendJson, TestNode } from '../support.ts';

const bench = new Bench();
afterEach(() => bench.clear());

/** The reason as operators get it; the public gets a code. */
const reasonFor = ({ fleet }: Front, url: string): string | undefined =>
  [...fleet.views()].find(({ member }) => member.url === url)?.unreachableReason;

interface Misdeed {
  readonly what: string;
  readonly answer: (request: IncomingMessage, response: ServerResponse, node: TestNode) => void;
  readonly reason: RegExp;
}

const text = (body: string) => (_: IncomingMessage, response: ServerResponse) => void response.end(body);
const json = (value: unknown) => text(JSON.stringify(value));

const misdeeds: readonly Misdeed[] = [
  { what: 'says something that is not JSON', answer: text('<h1>It works!</h1>'), reason: /not JSON: <h1>/ },
  { what: 'says nothing', answer: text(''), reason: /not JSON/ },
  { what: 'reports a word', answer: json('fine'), reason: /the whole: .*"fine"/ },
  { what: 'leaves out available', answer: json({ capacity: 5 }), reason: /available: .*missing/ },
  { what: 'leaves out capacity', answer: json({ available: 5 }), reason: /capacity: .*missing/ },
  {
    what: 'reports a negative number',
    answer: json({ available: -3, capacity: 8 }),
    reason: /available: .*-3/,
  },
  { what: 'reports a fraction', answer: json({ available: 2.5, capacity: 8 }), reason: /available: .*2\.5/ },
  { what: 'boasts', answer: json({ available: 1e300, capacity: 8 }), reason: /available/ },
  {
    what: 'reports half a fleet object',
    answer: json({ available: 5, capacity: 8, fleet: { node: 'x' } }),
    reason: /fleet\.protocol: .*missing/,
  },
  {
    what: 'is in a state there is none of',
    answer: (_request, response, node) => {
      const stats = node.stats();
      sendJson(response, 200, { ...stats, fleet: { ...stats.fleet, state: 'lunch' } });
    },
    reason: /fleet\.state: .*lunch/,
  },
  {
    what: 'reports at endless length',
    answer: (_request, response) => {
      const more = (): void => {
        while (response.write(' '.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    },
    reason: /longer than 262144 bytes/,
  },
  {
    what: 'says how endless it will be',
    answer: (_request, response) => {
      response.writeHead(200, { 'content-length': 1e10 });
      response.write(' '.repeat(300_000));
    },
    reason: /longer than 262144 bytes/,
  },
  {
    what: 'sends a bomb that was not asked for',
    answer: (_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(10_000_000)));
    },
    reason: /not JSON/,
  },
  {
    what: 'redirects to another origin',
    answer: (_request, response) =>
      void response.writeHead(302, { location: 'http://127.0.0.1:1/stats' }).end(),
    reason: /redirects to "http:\/\/127\.0\.0\.1:1\/stats", which is not at http/,
  },
  {
    what: 'redirects in a circle',
    answer: (_request, response) => void response.writeHead(302, { location: '/stats' }).end(),
    reason: /redirects more than 3 times/,
  },
  {
    what: 'redirects to nowhere',
    answer: (_request, response) => void response.writeHead(302).end(),
    reason: /answers 302/,
  },
  {
    what: 'fails',
    answer: (_request, response) => void response.writeHead(500).end('{}'),
    reason: /answers 500/,
  },
  {
    what: 'hangs before it answers',
    answer: () => undefined,
    reason: /no report within/,
  },
  {
    what: 'drips a byte at a time',
    answer: (_request, response) => {
      response.write('{');
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
    },
    reason: /no report within/,
  },
  {
    what: 'hangs up in the middle',
    answer: (_request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{"avail', () => response.destroy());
    },
    reason: /abort|hang up|ECONNRESET|closed/i,
  },
  {
    what: 'speaks something that is not HTTP',
    answer: (request) => void request.socket.end('SSH-2.0-OpenSSH_9.2\r\n'),
    reason: /HTTP\/1.1 protocol/,
  },
];

describe('a node that', () => {
  for (const { what, answer, reason } of misdeeds) {
    test(`${what} is set aside with the reason, and recovers; the node beside it goes on`, async () => {
      const front = await bench.front({ pollTimeout: '300ms' });
      const good = await bench.node({ warm: 1_000, capacity: 1_000 });
      const bad = await bench.node({ warm: 1_000, capacity: 1_000 });
      bad.override = (request, response) => {
        if (request.url !== '/stats') return false;
        answer(request, response, bad);
        return true;
      };
      await front.add(good, bad);
      const host = await until('it is set aside', async () => {
        const { hosts } = await front.stats();
        return hosts[bad.url]?.down === true && hosts[bad.url];
      });
      expect(host.reason).toMatch(/^(bad-report|node-unreachable)$/);
      expect(reasonFor(front, bad.url)).toMatch(reason);
      expect(host.available).toBe(0);
      expect(await front.stats()).toMatchObject({ available: 1_000, capacity: 1_000 });
      for (let turn = 0; turn < 20; turn += 1) {
        expect((await front.get('/')).headers.get('location')).toMatch(good.url);
      }
      bad.override = undefined;
      await until('it is back', async () => (await front.stats()).hosts[bad.url]?.down === undefined);
      // One more than the twenty readers, who are on their way to the other node.
      expect((await front.stats()).available).toBe(2_000);
    });
  }

  test('was healthy and is slow once is polled again before it is given up', async () => {
    const front = await bench.front({ pollTimeout: '200ms' });
    const node = await bench.node();
    await front.add(node);
    let hung = 0;
    node.override = (request) => {
      if (request.url !== '/stats' || hung > 0) return false;
      hung += 1;
      return true;
    };
    await until('one poll hung', () => hung === 1);
    const polls = node.polls;
    await until('it was polled again', () => {
      expect(front.fleet.named(node.settings.node)?.reachability).toBe('reachable');
      return node.polls > polls + 1;
    });
  });

  test('has the name of another node is set aside with that reason', async () => {
    const front = await bench.front();
    const one = await bench.node({ node: 'same' });
    const two = await bench.node({ node: 'same' });
    await front.add(one);
    await front.add(two);
    const { hosts } = await front.stats();
    expect(hosts[one.url]?.down).toBeUndefined();
    expect(hosts[two.url]).toMatchObject({ down: true, reason: 'already-exists' });
    expect(reasonFor(front, two.url)).toContain('"same"');
  });

  test('stopped is reported with a reason, and recovers at its old address', async () => {
    const front = await bench.front();
    const node = await new TestNode().open();
    const { url } = node;
    await front.add(node);
    await node.close();
    const host = await until('it is down', async () => (await front.stats()).hosts[url]?.reason);
    expect(host).toBe('node-unreachable');
    expect(reasonFor(front, url)).toContain('ECONNREFUSED');
    bench.keep(await node.open(Number(new URL(url).port)));
    await until('it is back', async () => (await front.stats()).hosts[url]?.down === undefined);
  });
});

test('polls of one node never overlap, however slow it is; hung nodes do not delay the others', async () => {
  const front = await bench.front({ pollTimeout: '300ms', pollInterval: '100ms' });
  let open = 0;
  let most = 0;
  const hung = await Promise.all(
    Array.from({ length: 5 }, () =>
      listen((_request, response) => {
        open += 1;
        most = Math.max(most, open);
        response.on('close', () => {
          open -= 1;
        });
      }),
    ),
  );
  for (const server of hung) bench.keep(server);
  const node = await bench.node();
  await front.add(node, ...hung);
  const { polls } = node;
  await until('the healthy one was asked ten times more', () => node.polls > polls + 10);
  expect(most).toBeLessThanOrEqual(5);
});
