// Orders that the front passes on to a node, so that an operator need reach only the front.
import { request } from 'undici';
import { z } from 'zod';
import { type Clock, newNonce } from '../../shared/clock.ts';
import { describeError, FleetError } from '../../shared/errors.ts';
import {
  END,
  ORDER_LIFE_MS,
  ORDER_PATH,
  type Order,
  type OrderName,
  SIGNATURE_HEADER,
  signOrder,
} from '../../shared/protocol/order.ts';
import { nodeStatsSchema, parseJson } from '../../shared/protocol/wire.ts';
import type { Fleet } from '../nodes/fleet.ts';
import { mayBeSentTo, type NodeView, nodeName } from '../nodes/node-view.ts';

export interface OrdersOptions {
  readonly fleet: Fleet;
  readonly secrets: readonly string[];
  readonly clock: Clock;
}

export interface Wish {
  readonly order: OrderName;
  /** Of a drain, ms from now. */
  readonly deadline?: number | undefined;
  /** Even when no other node takes readers. */
  readonly force: boolean;
}

const ANSWER_MS = 5_000;
const refusalSchema = z.object({ message: z.string().max(1_000), remedy: z.string().max(1_000).optional() });

export class Orders {
  readonly #options: OrdersOptions;

  constructor(options: OrdersOptions) {
    this.#options = options;
  }

  /**
   * Has the node do it, and takes its answer for its newest report.
   * @throws FleetError `conflict` that says why it cannot be, or was not, done
   */
  async give(view: NodeView, { order, deadline, force }: Wish): Promise<void> {
    const secret = this.#secretFor(view);
    if (order !== 'uncordon' && !force && this.#isLast(view)) {
      throw new FleetError('conflict', `${view.member.id} is the last node that takes readers`, {
        remedy: 'add another first, or insist: {"force":true}, --force',
      });
    }
    await this.#order(view, { order, ...(deadline === undefined ? {} : { deadline }) }, secret);
  }

  /** Ends a sandbox there. @throws FleetError `conflict` that says why not */
  async end(view: NodeView, sandbox: string): Promise<void> {
    await this.#order(view, { order: END, sandbox }, this.#secretFor(view));
  }

  #secretFor({ stats, member }: NodeView): string {
    const [secret] = this.#options.secrets;
    if (secret === undefined) {
      throw new FleetError('conflict', 'without a secret of the fleet, nodes take no orders from the front', {
        remedy: "set TMPFLEET_SECRET at front and nodes, or use the node's own control listener",
      });
    }
    if (stats !== undefined && stats.fleet === undefined) {
      throw new FleetError('conflict', `${member.id} is a plain tmpnb node, which takes no orders`);
    }
    return secret;
  }

  async #order(
    view: NodeView,
    wish: Pick<Order, 'order' | 'deadline' | 'sandbox'>,
    secret: string,
  ): Promise<void> {
    const { fleet, clock } = this.#options;
    const askedAt = clock.now();
    const what: Order = {
      ...wish,
      ...{ node: nodeName(view), nonce: newNonce(), expires: askedAt + ORDER_LIFE_MS },
    };
    const text = await this.#send(view, JSON.stringify(what), secret);
    fleet.report(view, parseJson(text, nodeStatsSchema, 'its answer'), askedAt);
  }

  #isLast(view: NodeView): boolean {
    if (!mayBeSentTo(view)) return false;
    for (const other of this.#options.fleet.views()) if (other !== view && mayBeSentTo(other)) return false;
    return true;
  }

  async #send({ member }: NodeView, body: string, secret: string): Promise<string> {
    const { id, url } = member;
    const answer = await request(url + ORDER_PATH, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', [SIGNATURE_HEADER]: signOrder(body, secret) },
      signal: AbortSignal.timeout(ANSWER_MS),
    }).catch((cause: unknown) => {
      throw new FleetError('conflict', `${id} could not be asked: ${describeError(cause)}`, { cause });
    });
    const text = await answer.body.text();
    if (answer.statusCode === 200) return text;
    throw new FleetError('conflict', `${id} refuses: ${reasonIn(text) ?? `it answers ${answer.statusCode}`}`);
  }
}

function reasonIn(text: string): string | undefined {
  try {
    const { message, remedy } = refusalSchema.parse(JSON.parse(text));
    return remedy === undefined ? message : `${message}; ${remedy}`;
  } catch {
    return undefined;
  }
}
