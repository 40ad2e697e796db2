// Who has not clicked, at the front: the launch page, its button, and what is not counted.
import { request } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { nodeOfTicket, splitTicket, type Ticket, verifyTicket } from '../../../shared/protocol/ticket.ts';
import { ticketKeys } from '../../support/fleet-keys.ts';
import { Bench, bounce, type Front, SECRET } from '../support.ts';

const bench = new Bench();
afterEach(() => bench.clear());

const FRAME = { 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'cross-site', accept: 'text/html' };
const OLD_BROWSER = { accept: 'text/html,*/*;q=0.8' };

interface Answer {
  readonly status: number;
  readonly location: string;
  readonly body: string;
}

async function send(
  front: Front,
  path: string,
  { method = 'POST', headers = {} }: { method?: 'GET' | 'POST'; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const answer = await request(`${front.url}${path}`, { method, headers });
  return {
    status: answer.statusCode,
    location: String(answer.headers.location ?? ''),
    body: await answer.body.text(),
  };
}

function ticketIn(location: string): Ticket | undefined {
  const { ticket } = splitTicket(new URL(location).search.slice(1));
  return ticket === undefined
    ? undefined
    : verifyTicket(ticket, ticketKeys(nodeOfTicket(ticket) ?? '', SECRET), Date.now());
}

/** A front with one node of one slot: a second reader on their way would be refused. */
async function oneSlot(secret = SECRET): Promise<Front> {
  const front = await bench.front({ pollInterval: '1h', holdFor: '0s' }, { secret });
  await front.add(await bench.node({ node: 'n1', warm: 1, capacity: 1 }));
  return front;
}

describe('a frame of another site', () => {
  test('gets the launch page, and no reader is counted', async () => {
    const front = await oneSlot();
    for (let view = 0; view < 5; view += 1) {
      const answer = await front.get('/notebooks/a.ipynb?x="1"', FRAME);
      expect(answer.status).toBe(200);
      const page = await answer.text();
      expect(page).toContain('<form method="post" action="/notebooks/a.ipynb?x=%221%22">');
      // Its button does not press itself.
      expect(page).not.toContain('requestSubmit');
    }
    expect(front.fleet.named('n1')?.redirects).toBe(0);
    expect((await front.get('/')).status).toBe(302);
    expect((await front.get('/')).status).toBe(503);
  });

  test('goes on by its button, with a ticket that says so', async () => {
    const front = await oneSlot();
    const own = { 'sec-fetch-site': 'same-origin', origin: front.url };
    const pressed = await send(front, '/notebooks/a.ipynb?x=1', { headers: own });
    expect(pressed.status).toBe(303);
    expect(pressed.location).toContain('/notebooks/a.ipynb?x=1&ticket=');
    expect(ticketIn(pressed.location)).toMatchObject({ node: 'n1', tried: [], hops: 0, pressed: true });
    // This one is on their way.
    expect((await send(front, '/', { headers: own })).status).toBe(503);
  });

  test('that one of our own pages leads on needs no second button', async () => {
    const front = await oneSlot();
    const answer = await front.get('/tree', { ...FRAME, 'sec-fetch-site': 'same-origin' });
    expect(answer.status).toBe(302);
    expect(ticketIn(answer.headers.get('location') ?? '')).toMatchObject({ pressed: true });
  });

  test('that a node sends back needs no second button, and counts as on its way', async () => {
    const front = await bench.front({ pollInterval: '1h' });
    await front.add(await bench.node({ node: 'n1' }), await bench.node({ node: 'n2' }));
    const back = bounce({ node: 'n1', tried: ['n1'], pressed: true });
    const answer = await front.get(`/tree?ticket=${back}`, FRAME);
    expect(answer.status).toBe(302);
    expect(ticketIn(answer.headers.get('location') ?? '')).toMatchObject({ tried: ['n1'], pressed: true });
  });

  test('without a fleet secret goes to the launch page of a node, because a press here could not be told', async () => {
    const front = await oneSlot('');
    for (let view = 0; view < 3; view += 1) {
      const answer = await front.get('/tree?a', FRAME);
      expect(answer.status).toBe(302);
      expect(answer.headers.get('location')).toMatch(/\/tree\?a$/);
    }
    expect(front.fleet.named('n1')?.redirects).toBe(0);
  });

  test('before a plain tmpnb node, which has no launch page, gets the one of the front', async () => {
    const front = await bench.front({}, { secret: '' });
    const node = await bench.node({ plain: true });
    await front.add(node);
    expect(await (await front.get('/tree', FRAME)).text()).toContain('<button>');
    expect((await send(front, '/tree')).location).toBe(`${node.url}/tree`);
  });
});

describe('a browser without fetch metadata', () => {
  test('gets a launch page whose button presses itself outside of frames', async () => {
    const front = await oneSlot();
    const answer = await send(front, '/tree', { method: 'GET', headers: OLD_BROWSER });
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('og:title');
    expect(answer.body).toMatch(/top === self[\s\S]*requestSubmit/);
    const { host } = new URL(front.url);
    const pressed = await send(front, '/tree', { headers: { ...OLD_BROWSER, origin: `http://${host}` } });
    expect([pressed.status, ticketIn(pressed.location)?.pressed]).toEqual([303, true]);
  });

  test('whose reader has to wait can load the page again without sending the form again', async () => {
    const front = await bench.front({ holdFor: '0s' });
    await front.add(await bench.node({ warm: 0, capacity: 0 }));
    const refused = await send(front, '/tree', { headers: OLD_BROWSER });
    expect(refused.status).toBe(503);
    expect(refused.body).toMatch(/http-equiv="refresh" content="\d+; url=\/tree\?tmpfleet-place=/);
    expect(refused.body).toContain('history.replaceState');
  });
});

test('a link preview shows what the operator says of the notebooks, and the address as readers reach it', async () => {
  const front = await bench.front({
    ...{ title: 'Swings & "springs"', description: 'Figure 3, live', trustProxy: 'true' },
    previewImage: 'https://www.example-journal.org/f3.png?a&b',
  });
  const { body } = await send(front, '/notebooks/f3.ipynb?x=1', {
    method: 'GET',
    headers: { accept: 'text/html', host: 'try.example.org', 'x-forwarded-proto': 'https' },
  });
  for (const [name, content] of [
    ['title', 'Swings &#38; &#34;springs&#34;'],
    ['description', 'Figure 3, live'],
    ['image', 'https://www.example-journal.org/f3.png?a&#38;b'],
    ['url', 'https://try.example.org/notebooks/f3.ipynb?x=1'],
  ])
    expect(body).toContain(`<meta property="og:${name}" content="${content}">`);
  expect(body).toContain('<link rel="canonical" href="https://try.example.org/notebooks/f3.ipynb?x=1">');
  expect(body).toContain('<h1>Swings &#38; &#34;springs&#34;</h1><p>Figure 3, live</p>');
});

test('a POST from a page of another origin gets the launch page, and no reader is counted', async () => {
  const front = await oneSlot();
  for (const headers of [
    { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
    { 'sec-fetch-site': 'same-site', origin: 'https://evil.example' },
    { origin: 'null' },
  ]) {
    const answer = await send(front, '/tree', { headers });
    expect([answer.status, answer.location]).toEqual([200, '']);
    expect(answer.body).not.toContain('requestSubmit');
    const spawned = await send(front, '/api/spawn', { headers });
    expect([spawned.status, JSON.parse(spawned.body)]).toMatchObject([403, { code: 'forbidden' }]);
  }
  expect((await send(front, '/tree')).status).toBe(303);
});

test('a program that follows no script gets the address of a node without a ticket, and is not counted', async () => {
  const front = await oneSlot();
  for (let turn = 0; turn < 5; turn += 1) {
    const answer = await send(front, '/tree?x=1', { method: 'GET', headers: { accept: '*/*' } });
    expect([answer.status, answer.location]).toEqual([302, expect.stringMatching(/\/tree\?x=1$/)]);
  }
  expect((await front.get('/')).status).toBe(302);
});

test('launch pages are counted by kind of visitor', async () => {
  const front = await oneSlot();
  await front.get('/', FRAME);
  await send(front, '/', { method: 'GET', headers: OLD_BROWSER });
  const text = await (await fetch(`${front.controlUrl}/metrics`)).text();
  expect(text).toMatch(/^tmpfleet_launch_pages_total\{[^}]*visitor="frame"[^}]*\} 1$/m);
  expect(text).toMatch(/^tmpfleet_launch_pages_total\{[^}]*visitor="unknown"[^}]*\} 1$/m);
});

test('the launch page has the title of --title', async () => {
  const front = await bench.front({ title: 'Figure 3, live' });
  await front.add(await bench.node());
  expect(await (await front.get('/', FRAME)).text()).toContain('<h1>Figure 3, live</h1>');
});
