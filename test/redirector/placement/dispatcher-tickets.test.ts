// The tickets that readers are sent with: one each, signed several at a time.
import { beforeEach, describe, expect, test } from 'vitest';
import type { Sent } from '../../../redirector/placement/dispatcher.ts';
import type { RefusalReason } from '../../../shared/api/refusal.ts';
import { nodeOfTicket, verifyTicket } from '../../../shared/protocol/ticket.ts';
import { ticketKeys } from '../../support/fleet-keys.ts';
import { SECRET } from '../support.ts';
import { DispatchBed } from './bed.ts';

let bed: DispatchBed;
beforeEach(() => {
  bed = new DispatchBed();
});

describe('tickets', () => {
  const sendTo = (): { readonly nonce: string | undefined; readonly node: string | undefined } => {
    const sent = bed.send();
    const text = typeof sent === 'string' ? sent : (sent.ticket ?? '');
    const { nonce, node, epoch } =
      verifyTicket(text, ticketKeys(nodeOfTicket(text) ?? '', SECRET), bed.clock.now()) ?? {};
    expect(epoch).toBe(Math.floor(bed.clock.now() / 1000));
    return { nonce, node };
  };

  test('are signed in larger batches the more readers a node gets in a second', () => {
    const [view] = bed.members(1);
    if (view === undefined) throw new TypeError('no node');
    bed.report(view, { warm: 1_000, capacity: 1_000 });
    const nonces = new Set<string | undefined>();
    const sizes = new Set<number | undefined>();
    for (let count = 0; count < 300; count += 1) {
      nonces.add(sendTo().nonce);
      sizes.add(view.sheets[0]?.size);
    }
    expect(nonces).not.toContain(undefined);
    expect(nonces.size).toBe(300);
    expect([...sizes]).toEqual([1, 2, 4, 8, 16]);
    bed.clock.pass(1_000);
    nonces.add(sendTo().nonce);
    expect(nonces.size).toBe(301);
    expect(view.sheets[0]?.size).toBe(1);
  });

  test('are signed together for those who pressed a button, too, and each says so', () => {
    const [view] = bed.members(1);
    if (view === undefined) throw new TypeError('no node');
    bed.report(view, { warm: 1_000, capacity: 1_000 });
    const nonces = new Set<string | undefined>();
    for (let count = 0; count < 50; count += 1) {
      const pressed = count % 2 === 0;
      const sent = bed.dispatcher.send(bed.dispatcher.startJourney(undefined, { pressed }));
      const text = typeof sent === 'string' ? sent : (sent.ticket ?? '');
      const ticket = verifyTicket(text, ticketKeys('n0', SECRET), bed.clock.now());
      expect(ticket?.pressed ?? false).toBe(pressed);
      nonces.add(ticket?.nonce);
    }
    expect(nonces.size).toBe(50);
    expect(view.sheets.flatMap((sheet) => (sheet === undefined ? [] : [sheet.size]))).toEqual([4, 4]);
  });

  test('are for the current name of the node', () => {
    const [view] = bed.members(1);
    if (view === undefined) throw new TypeError('no node');
    bed.report(view);
    expect(sendTo().node).toBe('n0');
    bed.report(view, { node: 'renamed', boot: 'b2' });
    expect(sendTo().node).toBe('renamed');
  });

  test('of a bounced reader name the nodes tried; those of other readers do not', () => {
    const [, view] = bed.members(2);
    if (view === undefined) throw new TypeError('no node');
    for (const each of bed.fleet.views()) bed.report(each);
    const read = (sent: Sent | RefusalReason) => {
      const text = typeof sent === 'string' ? sent : (sent.ticket ?? '');
      return verifyTicket(text, ticketKeys(nodeOfTicket(text) ?? '', SECRET), bed.clock.now());
    };
    const travelled = { tried: ['n0'], hops: 1, nonce: undefined };
    const first = read(bed.dispatcher.send(travelled));
    expect(first).toMatchObject({ node: 'n1', tried: ['n0'], hops: 1 });
    const second = read(bed.dispatcher.send({ ...travelled, nonce: first?.nonce }));
    expect(second).toEqual(first);
    for (let count = 0; count < 10; count += 1)
      expect(read(bed.send())).toMatchObject({ tried: [], hops: 0 });
  });
});
