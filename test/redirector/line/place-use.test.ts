// One place, one sandbox: what a place still gives once its reader was let in.
import { expect, test } from 'vitest';
import { FrontDesk } from '../../../redirector/line/desk.ts';
import { FleetKeys } from '../../../shared/protocol/fleet-keys.ts';
import { type Ticket, verifyTicket } from '../../../shared/protocol/ticket.ts';
import { ticketKeys } from '../../support/fleet-keys.ts';
import { DispatchBed } from '../placement/bed.ts';
import { SECRET, seeded } from '../support.ts';

class DeskBed extends DispatchBed {
  readonly desk = new FrontDesk({
    ...{ dispatcher: this.dispatcher, fleet: this.fleet, clock: this.clock, random: seeded(1) },
    ...{ keys: new FleetKeys([SECRET]), redirector: 'front', boot: 'boot', ourKey: 'front/boot' },
    ...{ placesPerClient: () => Number.POSITIVE_INFINITY, isExempt: () => false },
    ...{ askNow: () => undefined, countAdmitted: () => undefined, countLeft: () => undefined },
  });

  /** Lets a reader in; the text of their place, and the ticket. */
  letIn(): { readonly text: string; readonly ticket: Ticket } {
    const end = this.desk.give(this.clock.time, '192.0.2.1');
    if (!('view' in end) || end.ticket === undefined) throw new Error('there is room');
    const ticket = verifyTicket(end.ticket, ticketKeys('n0', SECRET), this.clock.time);
    if (ticket === undefined) throw new Error('the ticket is genuine');
    return { text: ticket.nonce, ticket };
  }
}

function bed(): DeskBed {
  const made = new DeskBed();
  const [view] = made.members(1);
  if (view !== undefined) made.report(view);
  return made;
}

test('a used place is known for some seconds, and then is no place any more', () => {
  const made = bed();
  const { text } = made.letIn();
  made.clock.pass(20_000);
  expect(made.desk.readVisit(text, undefined, '192.0.2.1')).toMatchObject({ text });
  made.clock.pass(1);
  expect(made.desk.readVisit(text, undefined, '192.0.2.1')).toBeUndefined();
});

test('a bounce brings a used place back into the line, once', () => {
  const made = bed();
  const { text, ticket } = made.letIn();
  const bounce: Ticket = { ...ticket, tried: ['n0'], hops: 1, expires: made.clock.time + 30_000 };
  expect(made.desk.readVisit(undefined, bounce, '192.0.2.1')).toMatchObject({ text });
  expect(made.desk.line.size).toBe(1);
  // Let in again, they show the same bounce once more.
  const [view] = made.fleet.views();
  made.clock.pass(1_000);
  if (view !== undefined) made.report(view);
  const place = made.desk.readVisit(text, undefined, '192.0.2.1');
  if (place === undefined) throw new Error('it is in line');
  expect(made.desk.line.enter(place)).toHaveProperty('view');
  made.clock.pass(20_001);
  expect(made.desk.readVisit(undefined, bounce, '192.0.2.1')).toBeUndefined();
  expect(made.desk.line.size).toBe(0);
  made.desk.line.close();
});
