// A crowd of one with many addresses: while the fleet is nearly full, each new sandbox costs a proof of work.
import { createHash } from 'node:crypto';
import { runInNewContext } from 'node:vm';
import { request } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { ProofOfWork, splitWork } from '../../redirector/public/proof-of-work.ts';
import { FIRST_BITS } from '../../redirector/public/work-page.ts';
import { FleetKeys } from '../../shared/protocol/fleet-keys.ts';
import { isSolved, solveWork } from '../../shared/protocol/proof-of-work.ts';
import {
  Bench,
  bounce,
  type Front,
  SECRET,
  silent,
  TestClock,
  type TestNode,
} from '../redirector/support.ts';
import { NAVIGATION } from '../support/reader.ts';
import { until } from '../support/until.ts';

const bench = new Bench();
afterEach(() => bench.clear());

/** Asks for work while less than half of ten slots are free; a client is known by its forwarded address. */
const FLAGS = { proofOfWorkBelow: '50%', trustProxy: 'true' };

/** Four of ten slots are free. */
async function nearlyFull(): Promise<{ readonly front: Front; readonly node: TestNode }> {
  const front = await bench.front(FLAGS);
  const node = await bench.node({ node: 'n1', warm: 4, capacity: 10 });
  node.claims = 6;
  await front.add(node);
  return { front, node };
}

interface Answer {
  readonly status: number;
  readonly location: string;
  readonly text: string;
}

async function ask(
  url: string,
  client: string,
  { method = 'GET', headers = {} }: { method?: 'GET' | 'POST'; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const answer = await request(url, { method, headers: { 'x-forwarded-for': client, ...headers } });
  return {
    status: answer.statusCode,
    location: String(answer.headers.location ?? ''),
    text: await answer.body.text(),
  };
}

const READER = { ...NAVIGATION, 'sec-fetch-site': 'none', accept: 'text/html' };

/** As the form of the page does it. */
function submit(front: Front, page: string, client: string): Promise<Answer> {
  const [, action = '', challenge = '', bits = ''] =
    /action="([^"]+)" data-challenge="([^"]+)" data-bits="(\d+)"/.exec(page) ?? [];
  const address = action.replaceAll('&#38;', '&');
  const work = solveWork(challenge, Number(bits));
  const url = `${front.url}${address}${address.includes('?') ? '&' : '?'}tmpfleet-work=${work}`;
  return ask(url, client, { method: 'POST', headers: { ...READER, 'sec-fetch-site': 'same-origin' } });
}

describe('while the fleet is nearly full', () => {
  test('a click gets a page that works and then asks again; its work is good for one sandbox', async () => {
    const { front } = await nearlyFull();
    const page = await ask(`${front.url}/notebooks/intro.ipynb?x=1&y=2`, '203.0.113.1', { headers: READER });
    expect([page.status, page.location]).toEqual([200, '']);
    const first = await submit(front, page.text, '203.0.113.1');
    expect(first.status).toBe(303);
    expect(first.location).toMatch(/\/notebooks\/intro\.ipynb\?x=1&y=2&ticket=/);
    const again = await submit(front, page.text, '203.0.113.2');
    expect([again.status, again.location]).toEqual([200, '']);
    expect((await submit(front, again.text, '203.0.113.2')).status).toBe(303);
  });

  test('a loop of clicks and spawns from a hundred addresses gets nothing without work', async () => {
    const { front } = await nearlyFull();
    const clients = Array.from({ length: 100 }, (_, n) => `203.0.113.${n}`);
    const clicks = clients.map((client) => ask(`${front.url}/tree`, client, { headers: READER }));
    const spawns = clients.map((client) => ask(`${front.url}/api/spawn`, client, { method: 'POST' }));
    const presses = clients.map((client) => ask(`${front.url}/tree`, client, { method: 'POST' }));
    const answers = await Promise.all([...clicks, ...spawns, ...presses]);
    expect(new Set(answers.map(({ location }) => location))).toEqual(new Set(['']));
    expect(answers.map(({ status }) => status).sort()).toEqual([
      ...Array.from({ length: 100 }, () => 200),
      ...Array.from({ length: 200 }, () => 429),
    ]);
    const metrics = await (await fetch(`${front.controlUrl}/metrics`)).text();
    expect(metrics).toMatch(/tmpfleet_proof_of_work_asked\{?.*\}? 1/);
    expect(metrics).toMatch(/tmpfleet_proofs_of_work_total\{shown="none",[^}]*\} 300/);
  });

  test('a program gets the challenge, and gets a sandbox for its work', async () => {
    const { front } = await nearlyFull();
    const url = `${front.url}/api/spawn`;
    const refused = await ask(url, '203.0.113.1', { method: 'POST' });
    const error = JSON.parse(refused.text);
    expect([refused.status, error.code]).toEqual([429, 'proof-of-work']);
    const headers = { 'tmpfleet-work': solveWork(error.challenge, error.bits) };
    expect((await ask(url, '203.0.113.1', { method: 'POST', headers })).status).toBe(200);
    const second = JSON.parse((await ask(url, '203.0.113.1', { method: 'POST', headers })).text);
    expect(second.message).toMatch(/the work shown is used up/);
  });

  test('a reader whom a node sent back, and an exempt client, need none', async () => {
    const { front } = await nearlyFull();
    await front.add(await bench.node({ node: 'n2', warm: 0, capacity: 1 }));
    const back = `${front.url}/tree?ticket=${bounce({ node: 'n2' })}`;
    expect((await ask(back, '203.0.113.1', { headers: READER })).status).toBe(302);
    expect((await ask(`${front.url}/tree`, '127.0.0.1', { headers: READER })).status).toBe(302);
  });

  test('with room again no reader is asked, and work that was just done passes', async () => {
    const { front, node } = await nearlyFull();
    const page = await ask(`${front.url}/tree?x=1`, '203.0.113.1', { headers: READER });
    expect(page.text).toContain('data-challenge');
    node.claims = 0;
    await until('no reader is asked', async () => {
      const { status } = await ask(`${front.url}/tree`, '203.0.113.2', { headers: READER });
      return status === 302;
    });
    const late = await submit(front, page.text, '203.0.113.1');
    expect(late.status).toBe(303);
    expect(late.location).toMatch(/\/tree\?x=1&ticket=/);
  });
});

describe('work', () => {
  const clock = new TestClock();
  const keys = new FleetKeys([SECRET]);
  const proofOf = (given: FleetKeys): ProofOfWork =>
    new ProofOfWork({
      keys: given,
      config: { proofOfWorkBelow: 1 },
      room: () => ({ free: 0, capacity: 1 }),
      clock,
      logger: silent,
    });

  test('counts once, in time, for a challenge of the fleet, at any of its fronts', () => {
    const [one, other] = [proofOf(keys), proofOf(keys)];
    const work = solveWork(one.challenge());
    expect(other.take(work)).toBe('good');
    expect(other.take(work)).toBe('spent');
    clock.pass(121_000);
    expect(one.take(work)).toBe('late');
    const foreign = solveWork(proofOf(new FleetKeys(['another fleet'])).challenge());
    expect(one.take(foreign)).toBe('wrong');
    const unsolved = Array.from({ length: 50 }, (_, n) => `${one.challenge()}.${n}`).find(
      (text) => !isSolved(text),
    );
    for (const wrong of [unsolved, 'x', `${work}0000000000000`, solveWork('made~up~challenge')])
      expect(one.take(wrong)).toBe('wrong');
    // A front whose clock is an hour ahead gave it out.
    clock.pass(3_600_000);
    const early = solveWork(one.challenge());
    clock.pass(-3_600_000);
    expect(one.take(early)).toBe('late');
  });

  test('is our last parameter, and no other', () => {
    expect(splitWork('x=1&tmpfleet-work=a.1')).toEqual({ query: 'x=1', work: 'a.1' });
    expect(splitWork('tmpfleet-work=a.1')).toEqual({ query: '', work: 'a.1' });
    for (const query of ['', 'x=1', 'my-tmpfleet-work=a.1'])
      expect(splitWork(query)).toEqual({ query, work: undefined });
  });

  test('is hashed by the page as by everyone else', () => {
    const texts = Array.from({ length: 56 }, (_, length) => 'x~_-.0123456789'.repeat(4).slice(0, length));
    const found = runInNewContext(`${FIRST_BITS}; texts.map(firstBits)`, { texts });
    expect([...found]).toEqual(
      texts.map((text) => createHash('sha256').update(text).digest().readUInt32BE()),
    );
  });
});
