// What a reader sees whose sandbox takes a moment to start: words instead of an empty page, then the notebook.
import { request } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { newNonce } from '../../shared/clock.ts';
import { nextOf } from '../../shared/pages/preparing-page.ts';
import { MAX_HOPS, signTicket } from '../../shared/protocol/ticket.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { ticketKeys } from '../support/fleet-keys.ts';
import { LIGHT_COMMAND } from '../support/light-server.ts';
import { NAVIGATION, Reader } from '../support/reader.ts';
import { until } from '../support/until.ts';

let agent: TestAgent;
afterEach(() => agent.close());

const PAGE = { ...NAVIGATION, accept: 'text/html' };
const TARGET = '/notebooks/a.ipynb?x=%22';
/** Until a sandbox answers: longer than a reader looks at an empty page, shorter than one waits for a start. s */
const START_S = 2.5;

/** A node on which nothing is warm. */
async function coldAgent(flags: Readonly<Record<string, string>> = {}, startS = START_S): Promise<void> {
  const command = `sh -c 'sleep ${startS}; exec ${LIGHT_COMMAND}'`;
  agent = await startAgent({ capacity: '3', warm: '0', command, ...flags });
}

interface Visit {
  readonly status: number;
  /** What has come so far. */
  text(): string;
  isOver(): boolean;
  leave(): void;
}

function visit(headers: Readonly<Record<string, string>> = PAGE, target = TARGET): Promise<Visit> {
  return new Promise((resolve, reject) => {
    const asked = request(`${agent.url}${target}`, { headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      resolve({
        status: answer.statusCode ?? 0,
        text: () => text,
        isOver: () => answer.complete,
        leave: () => asked.destroy(),
      });
    });
    asked.once('error', reject).end();
  });
}

const nextIn = (page: string): string => nextOf(page) ?? '';

test('says at once what is happening, and then where the notebook is, with and without scripts', async () => {
  await coldAgent();
  const page = await visit({ ...PAGE, 'accept-language': 'de' });
  expect(page.status).toBe(200);
  await until('it says so', () => page.text().includes('Ihr Notebook wird vorbereitet'));
  expect(page.isOver()).toBe(false);
  expect(agent.pool.status().claims).toBe(0);
  await until('it has gone on', () => page.isOver());
  const next = nextIn(page.text());
  expect(next).toMatch(/^\/notebooks\/a\.ipynb\?x=%22&tmpfleet-started=\w+\.[0-9a-f]{32}$/);
  expect(page.text()).toContain(
    `<noscript><meta http-equiv="refresh" content="0; url=${next.replace('&', '&#38;')}">`,
  );
  expect(agent.pool.status().claims).toBe(1);
});

test('its reader, and no other, gets the sandbox, at the address that they asked for', async () => {
  await coldAgent();
  const reader = new Reader();
  const landing = await reader.click(`${agent.url}${TARGET}`);
  expect([landing.status, landing.body]).toEqual([200, 'ok']);
  expect(new URL(landing.url).pathname).toBe(`/user/${landing.sandbox}/notebooks/a.ipynb`);
  expect(new URL(landing.url).search).toBe('?x=%22');
  expect(agent.pool.status().claims).toBe(1);
  const code = landing.way.find((address) => address.includes('tmpfleet-started')) ?? '';
  // The code is used up: who shows it again is a new reader.
  const other = await new Reader().click(code);
  expect(other.sandbox).not.toBe(landing.sandbox);
  expect(agent.pool.status().claims).toBe(2);
  const wrong = code.replace(/[0-9a-f]{32}$/, '0'.repeat(32));
  expect((await new Reader().click(wrong)).sandbox).not.toBe(landing.sandbox);
});

test('a reader who leaves meanwhile costs no sandbox', async () => {
  await coldAgent();
  const page = await visit();
  await until('it says so', () => page.text().includes('being prepared'));
  page.leave();
  await until('no reader waits', () => agent.pool.status().waiting === 0);
  await until('nothing starts any more', () => agent.pool.status().starting === 0);
  expect(agent.pool.status().claims).toBe(0);
});

test('where the start takes too long, its reader stands in line, and gets in', async () => {
  await coldAgent({ claimWait: '1s' }, 6);
  const page = await visit();
  await until('it has gone on', () => page.isOver());
  const place = nextIn(page.text());
  expect(place).toMatch(/^\/notebooks\/a\.ipynb\?x=%22&tmpfleet-place=/);
  await until(
    'it is their turn',
    async () => (await new Reader().click(`${agent.url}${place}`)).sandbox !== undefined,
  );
  expect(agent.pool.status().claims).toBe(1);
});

describe('where no sandbox comes of the page, its reader learns why', () => {
  /** The pages that a browser comes to, until one does not go on. */
  async function follow(target: string, most = 4): Promise<readonly Visit[]> {
    const pages: Visit[] = [];
    for (let next = target; next !== '' && pages.length < most; ) {
      const page = await visit(PAGE, next);
      await until('it is over', () => page.isOver());
      pages.push(page);
      next = nextIn(page.text());
    }
    return pages;
  }

  test('after too many bounces', async () => {
    const secret = 'a-secret-of-the-fleet';
    await coldAgent({ claimWait: '1500ms', secret, frontUrl: 'http://127.0.0.1:1' }, 60);
    const about = {
      redirector: 'r',
      boot: 'b',
      node: 'node1',
      epoch: 7,
      nonce: newNonce(),
      tried: ['other'],
    };
    const ticket = signTicket(
      { ...about, hops: MAX_HOPS, expires: Date.now() + 30_000 },
      ticketKeys('node1', secret),
    );
    const pages = await follow(`${TARGET}&ticket=${ticket}`);
    expect(pages.map(({ status }) => status)).toEqual([200, 503]);
    expect(pages[1]?.text()).toContain('All notebooks are taken');
  });

  test('where their client has too many places in line', async () => {
    await coldAgent({ claimWait: '1500ms', clientPlaces: '1', exemptClients: '192.0.2.1' }, 60);
    // Its reader is in line, and not there when it is their turn.
    const [before] = await follow(TARGET, 1);
    expect(nextIn(before?.text() ?? '')).toContain('tmpfleet-place');
    const pages = await follow(TARGET);
    expect(pages.map(({ status }) => status)).toEqual([200, 429]);
  });
});

test('a program gets the redirect itself, however long it takes', async () => {
  await coldAgent();
  expect((await visit({ ...NAVIGATION, accept: '*/*' })).status).toBe(302);
});
