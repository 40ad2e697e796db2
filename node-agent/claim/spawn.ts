// `POST /api/spawn`: claims a sandbox for a program. A front that repeats a request with the same ticket, because the
// answer was late or lost, gets the same sandbox.
import type { Context } from 'koa';
import { BoundedMap } from '../../shared/collections/bounded-map.ts';
import { FleetError } from '../../shared/errors.ts';
import { splitRequestTarget } from '../../shared/http/request-target.ts';
import { isHeld } from '../../shared/protocol/sandbox-state.ts';
import { splitTicket } from '../../shared/protocol/ticket.ts';
import type { Sandbox } from '../sandboxes/table.ts';
import { type ClaimOptions, claimSandbox } from './claim.ts';

/** Most tickets to remember. A ticket lives for half a minute; at the rate of any node, older ones have expired. */
const REMEMBERED_SPAWNS = 10_000;

export class SpawnHandler {
  readonly #options: ClaimOptions;
  /** Sandboxes by the nonce of the ticket that claimed them. */
  readonly #spawned = new BoundedMap<string, Promise<Sandbox | undefined>>(REMEMBERED_SPAWNS);

  constructor(options: ClaimOptions) {
    this.#options = options;
  }

  /** The body of the answer. @throws FleetError `full` */
  async spawn(context: Context): Promise<{ readonly url: string }> {
    const { tickets, count } = this.#options;
    const { query } = splitRequestTarget(context.req.url ?? '/');
    const ticket = tickets.count(splitTicket(query).ticket);
    const sandbox = await this.#claimOnce(context, ticket?.nonce);
    if (sandbox === undefined) {
      count('full');
      throw new FleetError('full', 'every sandbox of this node is taken');
    }
    count('claimed');
    return { url: `/user/${sandbox.id}/` };
  }

  #claimOnce(context: Context, nonce: string | undefined): Promise<Sandbox | undefined> {
    if (nonce === undefined) return claimSandbox(context.res, this.#options);
    const before = this.#spawned.get(nonce);
    const claim = this.#claimUnless(before, context);
    this.#spawned.set(nonce, claim);
    return claim;
  }

  async #claimUnless(
    before: Promise<Sandbox | undefined> | undefined,
    context: Context,
  ): Promise<Sandbox | undefined> {
    const sandbox = await before;
    return sandbox !== undefined && isHeld(sandbox.state)
      ? sandbox
      : claimSandbox(context.res, this.#options);
  }
}
