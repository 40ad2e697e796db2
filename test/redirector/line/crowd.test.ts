// Five thousand readers in line at one front: none is forgotten, all get in in order, and a round among them costs little.
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { FrontDesk } from '../../../redirector/line/desk.ts';
import type { Sent } from '../../../redirector/placement/dispatcher.ts';
import type { LineEnd } from '../../../shared/line/waiters.ts';
import { FleetKeys } from '../../../shared/protocol/fleet-keys.ts';
import { DispatchBed } from '../placement/bed.ts';
import { SECRET, seeded } from '../support.ts';

const READERS = 5_000;

/** All of a response that the line uses. */
function held(): ServerResponse {
  return Object.assign(new EventEmitter(), {
    req: { headers: { accept: 'application/json' } },
  }) as unknown as ServerResponse;
}

test('five thousand readers are let in in order, a few at a time, whatever the order in which they ask', async () => {
  const bed = new DispatchBed();
  const desk = new FrontDesk({
    ...{ dispatcher: bed.dispatcher, fleet: bed.fleet, clock: bed.clock, random: seeded(1) },
    ...{ keys: new FleetKeys([SECRET]), redirector: 'front', boot: 'boot', ourKey: 'front/boot' },
    ...{ placesPerClient: () => Number.POSITIVE_INFINITY, isExempt: () => false },
    ...{ askNow: () => undefined, countAdmitted: () => undefined, countLeft: () => undefined },
  });
  const nodes = bed.members(100);
  const full = { warm: 0, held: 8, claims: 8 };
  for (const view of nodes) bed.report(view, full);
  const places = Array.from({ length: READERS }, (_, reader) => {
    bed.clock.pass(1);
    const end = desk.give(bed.clock.now(), `192.0.2.${reader % 250}`);
    if (!('place' in end)) throw new Error('there is no room');
    expect(end.position).toBe(reader + 1);
    return end.place;
  });
  const order: number[] = [];
  const sent = new Set<number>();
  for (let index = 0; index < READERS; index += 1) {
    // Every 7th of them, and so on: 7 and 5,000 have no common factor.
    const reader = (index * 7) % READERS;
    const place = places[reader];
    if (place === undefined) throw new Error('each has a place');
    const note = (end: LineEnd<Sent>): void => {
      if (!('view' in end)) return;
      order.push(reader);
      sent.add(reader);
    };
    void Promise.resolve(desk.hold(place, '192.0.2.1', held())).then(note);
  }
  for (let claims = 9; sent.size < READERS; claims += 1) {
    for (const view of nodes) {
      bed.report(view, { warm: 1, held: 7, claims });
      bed.report(view, { ...full, claims });
    }
    // Those on their way are not counted any longer.
    bed.clock.pass(11_000);
    await Promise.resolve();
    await Promise.resolve();
  }
  expect(order).toEqual(Array.from({ length: READERS }, (_, reader) => reader));
  desk.line.close();
});
