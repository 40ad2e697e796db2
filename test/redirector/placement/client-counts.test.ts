// One client has only so many readers on their way, and is sent all the same.
import { expect, test } from 'vitest';
import { ClientCounts } from '../../../redirector/placement/client-counts.ts';
import { Dispatcher } from '../../../redirector/placement/dispatcher.ts';
import { FleetKeys } from '../../../shared/protocol/fleet-keys.ts';
import { verifyTicket } from '../../../shared/protocol/ticket.ts';
import { ticketKeys } from '../../support/fleet-keys.ts';
import { SECRET, seeded } from '../support.ts';
import { DispatchBed } from './bed.ts';

const START = 1_800_000_000_000;

test('counts readers up to the bound, by client, and starts again after ten seconds', () => {
  const counts = new ClientCounts(2);
  const add = (client: string, at = START): boolean => counts.add(client, at);
  expect([add('a'), add('a'), add('a'), add('b')]).toEqual([true, true, false, true]);
  expect([add('a', START + 9_999), add('a', START + 10_000)]).toEqual([false, true]);
});

test('counts every reader where there is no bound', () => {
  const counts = new ClientCounts(0);
  for (let turn = 0; turn < 1_000; turn += 1) expect(counts.add('a', START)).toBe(true);
});

test('a reader beyond the bound is sent with a ticket, and reserves nothing', () => {
  const bed = new DispatchBed();
  const dispatcher = new Dispatcher({
    ...{ fleet: bed.fleet, keys: new FleetKeys([SECRET]), clock: bed.clock, random: seeded(1) },
    ...{ redirector: 'front', boot: 'boot', maxPendingPerClient: 3 },
  });
  const [view] = bed.members(1);
  if (view === undefined) throw new Error('one member');
  bed.report(view, { warm: 6, capacity: 6 });
  const epochs = Array.from({ length: 20 }, () => {
    const sent = dispatcher.send(dispatcher.startJourney(undefined, { client: '192.0.2.1' }));
    if (typeof sent === 'string') throw new Error(sent);
    const ticket = verifyTicket(sent.ticket ?? '', ticketKeys('n0', SECRET), bed.clock.now());
    return ticket?.epoch;
  });
  const now = Math.floor(bed.clock.now() / 1_000);
  expect(epochs).toEqual([now, now, now, ...new Array<number>(17).fill(0)]);
  for (let turn = 0; turn < 3; turn += 1) {
    const sent = dispatcher.send(dispatcher.startJourney(undefined, { client: `192.0.2.${2 + turn}` }));
    expect(sent).toMatchObject({ view });
  }
  expect(dispatcher.send(dispatcher.startJourney(undefined, { client: '192.0.2.9' }))).toBe('full');
});
