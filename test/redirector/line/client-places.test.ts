// Places in line of one client: a patient loop from one address takes no more than its share of the line.
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { FrontDesk } from '../../../redirector/line/desk.ts';
import { readError } from '../../../shared/api/error.ts';
import { waitingSchema } from '../../../shared/line/answer.ts';
import { FleetKeys } from '../../../shared/protocol/fleet-keys.ts';
import { DispatchBed } from '../placement/bed.ts';
import { Bench, type Front, SECRET, seeded, type TestNode } from '../support.ts';

const LOOP = '203.0.113.9';
const OTHER = '203.0.113.10';

describe('a client with its most places', () => {
  function fullDesk(placesPerClient: number) {
    const bed = new DispatchBed();
    const desk = new FrontDesk({
      ...{ dispatcher: bed.dispatcher, fleet: bed.fleet, clock: bed.clock, random: seeded(1) },
      ...{ placesPerClient: () => placesPerClient, isExempt: (client) => client === OTHER },
      ...{ keys: new FleetKeys([SECRET]), redirector: 'front', boot: 'boot', ourKey: 'front/boot' },
      ...{ askNow: () => undefined, countAdmitted: () => undefined, countLeft: () => undefined },
    });
    const [view] = bed.members(1);
    if (view === undefined) throw new Error('there is a node');
    bed.report(view, { warm: 0, held: 8 });
    const give = () => {
      const end = desk.give(bed.clock.now(), LOOP);
      if (!('place' in end)) throw new Error('there is no room');
      return end.place;
    };
    return { bed, desk, view, give };
  }

  test('gets no further one, keeps those it has, and is counted', () => {
    const { desk, give } = fullDesk(2);
    const [first] = [give(), give()];
    expect(desk.admits(LOOP, undefined)).toBe(false);
    expect(desk.admits(LOOP, first)).toBe(true);
    expect(desk.line.refused).toBe(1);
    expect(desk.admits(OTHER, undefined)).toBe(true);
    desk.line.close();
  });

  test('gets a new one once a reader of it was let in', async () => {
    const { bed, desk, view, give } = fullDesk(1);
    const place = give();
    const response = Object.assign(new EventEmitter(), { req: { headers: { accept: 'application/json' } } });
    const held = desk.hold(place, LOOP, response as unknown as ServerResponse);
    expect(desk.admits(LOOP, undefined)).toBe(false);
    bed.report(view, { warm: 1, held: 7, claims: 1 });
    expect(await held).toHaveProperty('view');
    expect(desk.admits(LOOP, undefined)).toBe(true);
    // Whose answer was lost may ask again for the same one.
    expect(desk.admits(LOOP, place)).toBe(true);
    desk.line.close();
  });

  test('that is exempt has no limit', () => {
    const { bed, desk } = fullDesk(1);
    for (let reader = 0; reader < 3; reader += 1) {
      expect(desk.admits(OTHER, undefined)).toBe(true);
      expect(desk.give(bed.clock.now(), OTHER)).toHaveProperty('position', reader + 1);
    }
    desk.line.close();
  });
});

describe('over sockets', () => {
  const bench = new Bench();
  afterEach(() => bench.clear());

  async function fullFleet(flags: Readonly<Record<string, string>>): Promise<[Front, TestNode]> {
    const front = await bench.front({ trustProxy: 'true', ...flags });
    const node = await bench.node({ warm: 0, held: 8, node: 'n1' });
    await front.add(node);
    return [front, node];
  }

  const standIn = (front: Front, client: string): Promise<Response> =>
    fetch(`${front.url}/tree`, {
      method: 'POST',
      headers: { accept: 'application/json', 'x-forwarded-for': client },
    });

  test('a loop from one address, or one /64, gets its share of the line; others stand behind that', async () => {
    const [front, node] = await fullFleet({ clientPlaces: '3' });
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => standIn(front, `2001:db8:0:1::${n}`)),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(7);
    expect(refused[0]?.headers.get('retry-after')).toBe('30');
    expect(readError((await refused[0]?.text()) ?? '')?.code).toBe('too-many-places');
    const other = waitingSchema.parse(await (await standIn(front, OTHER)).json());
    expect(other.place).toBe(4);
    const metrics = await (await fetch(`${front.controlUrl}/metrics`)).text();
    expect(metrics).toMatch(/tmpfleet_limited_total\{limit="places"[^}]*\} 7/);
    // The places of the loop are not asked for, so the other's turn comes.
    const held = fetch(`${front.url}${other.again}`, { headers: { accept: 'application/json' } });
    node.free();
    expect((await held).status).toBe(200);
  }, 30_000);

  test('a person of that address gets a page that tries again', async () => {
    const [front] = await fullFleet({ clientPlaces: '1' });
    await standIn(front, LOOP);
    const answer = await front.get('/tree', { accept: 'text/html', 'x-forwarded-for': LOOP });
    expect(answer.status).toBe(429);
    expect(await answer.text()).toContain('Your network has as many people in line here as one network may');
  });

  test('0 is no limit, and a classroom of two hundred behind one address stands in line by default', async () => {
    const [unlimited] = await fullFleet({ clientPlaces: '0' });
    const [usual] = await fullFleet({});
    for (const [front, count, refused] of [
      [unlimited, 201, 0],
      [usual, 201, 1],
    ] as const) {
      const answers = await Promise.all(Array.from({ length: count }, () => standIn(front, LOOP)));
      expect(answers.filter(({ status }) => status === 429)).toHaveLength(refused);
      await Promise.all(answers.map((answer) => answer.arrayBuffer()));
    }
  });
});
