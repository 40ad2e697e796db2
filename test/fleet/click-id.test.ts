// One name joins a click in the front's log, a node's log and its list of sandboxes; and the name opens nothing.
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { sandboxSchema } from '../../shared/api/sandbox.ts';
import { clickOfTicket, splitTicket } from '../../shared/protocol/ticket.ts';
import { Bench, SECRET } from '../redirector/support.ts';
import { startAgent } from '../support/agent.ts';
import { Reader } from '../support/reader.ts';

const bench = new Bench();
afterEach(() => bench.clear());

test('a node’s list of sandboxes names the click that the front redirected', async () => {
  const front = await bench.front();
  const secret = { TMPFLEET_SECRET: SECRET };
  const agent = bench.keep(await startAgent({ capacity: '2', frontUrl: front.url }, secret));
  await agent.warm(2);
  await front.add(agent);
  const { way, sandbox } = await new Reader().click(`${front.url}/tree?x=1`);
  const { ticket = '' } = splitTicket(new URL(way[1] ?? '').search.slice(1));
  const click = clickOfTicket(ticket);
  expect(click).toMatch(/^[0-9a-f]{12}$/);
  expect(ticket).not.toContain(click);
  const sandboxes = z
    .array(sandboxSchema)
    .parse(await (await fetch(`${agent.controlUrl}/api/sandboxes`)).json());
  expect(sandboxes.map(({ id, click: name }) => [id === sandbox, name])).toContainEqual([true, click]);
  expect(sandboxes.filter(({ state }) => state === 'warm').map(({ click: name }) => name)).toEqual([null]);
});
