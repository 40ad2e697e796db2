// `POST /api/spawn`: claims a sandbox for a program. A front that repeats a request with the same ticket, because the
// answer was late or lost, gets the same sandbox.
import type { Context } from 'koa';
import { outcomeOfError, SPAWN_PATH } from '../../shared/arrivals-log.ts';
import { FleetError } from '../../shared/errors.ts';
import { splitRequestTarget } from '../../shared/http/request-target.ts';
import { splitTicket, type Ticket } from '../../shared/protocol/ticket.ts';
import type { SpawnAnswer } from '../../shared/protocol/wire.ts';
import { tookMs } from '../../shared/reader-times/server-timing.ts';
import type { Sandbox } from '../sandboxes/table.ts';
import type { ClaimOptions } from './claim.ts';

export class SpawnHandler {
  readonly #options: ClaimOptions;

  constructor(options: ClaimOptions) {
    this.#options = options;
  }

  /**
   * The body of the answer.
   * @throws FleetError `full`, `too-many-requests`, `too-many-sandboxes`; `forbidden` without a usable ticket, where one is
   *   required
   */
  async spawn(context: Context): Promise<SpawnAnswer> {
    const { config, tickets, traces, record } = this.#options;
    const { query } = splitRequestTarget(context.req.url ?? '/');
    const ticket = tickets.count(splitTicket(query).ticket);
    traces?.begin('spawn', context.res, ticket);
    const about = { path: SPAWN_PATH, node: config.nodeId };
    try {
      const sandbox = await this.#claim(context, ticket);
      traces?.outcome(context.res, 'claimed');
      record({ ...about, outcome: 'claimed', tookMs: tookMs(context.res) });
      return this.#answer(sandbox, context);
    } catch (error) {
      traces?.failed(context.res, error);
      record({ ...about, outcome: outcomeOfError(error), tookMs: tookMs(context.res) });
      throw error;
    }
  }

  async #claim(context: Context, ticket: Ticket | undefined): Promise<Sandbox> {
    const { config, ticketClaims, line, count } = this.#options;
    if (ticket === undefined && config.requireTicket) {
      count('no-ticket');
      throw new FleetError('forbidden', 'this host gives sandboxes only through its front', {
        remedy: 'send POST /api/spawn to the front',
      });
    }
    // A program gets no room that a reader in line can use.
    const isFull = line?.isBusy() === true;
    const sandbox = isFull
      ? undefined
      : await (ticket === undefined
          ? ticketClaims.withoutTicket(context.res, 'spawn')
          : ticketClaims.forSpawn(context.res, ticket));
    if (sandbox === 'spent') {
      count('spent-ticket');
      throw new FleetError('forbidden', 'this ticket has given a reader a sandbox already');
    }
    if (sandbox === undefined) {
      count('full');
      throw new FleetError('full', 'every sandbox of this node is taken');
    }
    count('claimed');
    return sandbox;
  }

  #answer(sandbox: Sandbox, { req }: Context): SpawnAnswer {
    const { ownOrigin, config } = this.#options;
    const { id, key } = sandbox;
    const path = `/user/${id}/`;
    if (ownOrigin === undefined) return { url: path, token: key };
    // As long as a claimed sandbox waits for its first use.
    const open = ownOrigin.handOverAddress(sandbox, { path: '', query: '' }, req, config.leaseMs);
    return { url: `${ownOrigin.originOf(id, req)}${path}`, token: key, open };
  }
}
