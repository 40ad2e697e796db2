// Orders that the front passes on to a node, so that an operator need reach only the front.
import type { KeyObject } from 'node:crypto';
import { request } from 'undici';
import { readError } from '../../shared/api/error.ts';
import { type NodePoolJson, nodePoolSchema, type ResizeWish } from '../../shared/api/pool.ts';
import { type Clock, newNonce } from '../../shared/clock.ts';
import { type ErrorCode, FleetError } from '../../shared/errors.ts';
import { explainUnreachable } from '../../shared/http/network-errors.ts';
import { readText } from '../../shared/http/read-body.ts';
import type { FleetKeys } from '../../shared/protocol/fleet-keys.ts';
import { type LogLinesJson, type LogWish, logLinesSchema } from '../../shared/protocol/log-wish.ts';
import {
  EMBED,
  END,
  LOG,
  ORDER_LIFE_MS,
  ORDER_PATH,
  type Order,
  type OrderName,
  type PoolOrderName,
  SIGNATURE_HEADER,
  signOrder,
} from '../../shared/protocol/order.ts';
import { MAX_REPORT_BYTES, nodeStatsSchema, parseJson } from '../../shared/protocol/wire.ts';
import type { Fleet } from '../nodes/fleet.ts';
import { mayBeSentTo, type NodeView, nodeName } from '../nodes/node-view.ts';

export interface OrdersOptions {
  readonly fleet: Fleet;
  readonly keys: FleetKeys;
  readonly clock: Clock;
}

export interface Wish {
  readonly order: OrderName;
  /** Of a drain, ms from now. */
  readonly deadline?: number | undefined;
  /** Even when no other node takes readers. */
  readonly force: boolean;
}

type OrderWish = Omit<Order, 'node' | 'nonce' | 'expires'>;

const ANSWER_MS = 5_000;
/** Of a node's message that is passed on. */
const LONGEST_WORDS = 1_000;

export class Orders {
  readonly #options: OrdersOptions;

  constructor(options: OrdersOptions) {
    this.#options = options;
  }

  /**
   * Has the node do it, and takes its answer for its newest report.
   * @throws FleetError `last-node`, `no-secret`, `plain-node`, `node-unreachable`, or what the node refuses it with
   */
  async give(view: NodeView, { order, deadline, force }: Wish): Promise<void> {
    const key = this.#keyFor(view);
    if (order !== 'uncordon' && !force && this.#isLast(view)) {
      throw new FleetError('last-node', `${view.member.id} is the last node that takes readers`, {
        remedy: 'add another first, or insist: {"force":true}, --force',
      });
    }
    await this.#order(view, { order, ...(deadline === undefined ? {} : { deadline }) }, key);
  }

  /** Ends a sandbox there. @throws FleetError as `give`, and `not-found` */
  async end(view: NodeView, sandbox: string): Promise<void> {
    await this.#order(view, { order: END, sandbox }, this.#keyFor(view));
  }

  /** Tells it which sites may show its pages in a frame. @throws FleetError as `give` */
  async embed(view: NodeView, origins: readonly string[]): Promise<void> {
    await this.#order(view, { order: EMBED, origins: [...origins] }, this.#keyFor(view));
  }

  /**
   * Has the node do something about its pool. @param size for `pool-resize`
   * @throws FleetError as `give`, and `bad-request`
   */
  async pool(view: NodeView, order: PoolOrderName, size?: ResizeWish): Promise<NodePoolJson> {
    const wish = { order, ...(size === undefined ? {} : { size }) };
    const text = await this.#order(view, wish, this.#keyFor(view));
    return parseJson(text, nodePoolSchema, `the answer of ${view.member.id}`);
  }

  /** The last lines of its log. @throws FleetError as `give` */
  async log(view: NodeView, log: LogWish): Promise<LogLinesJson> {
    const text = await this.#ask(view, { order: LOG, log }, this.#keyFor(view));
    return parseJson(text, logLinesSchema, `the answer of ${view.member.id}`);
  }

  #keyFor({ stats, member }: NodeView): KeyObject {
    const { orders } = this.#options.keys;
    if (orders === undefined) {
      throw new FleetError(
        'no-secret',
        'without a secret of the fleet, nodes take no orders from the front',
        {
          remedy:
            "set TMPFLEET_SECRET at the front and TMPFLEET_NODE_KEY at nodes, or use the node's own control listener",
        },
      );
    }
    if (stats !== undefined && stats.fleet === undefined) {
      throw new FleetError('plain-node', `${member.id} is a plain tmpnb node, which takes no orders`);
    }
    return orders;
  }

  /** Takes the answer for the newest report of the node, and returns it. */
  async #order(view: NodeView, wish: OrderWish, key: KeyObject): Promise<string> {
    const askedAt = this.#options.clock.now();
    const text = await this.#ask(view, wish, key);
    this.#options.fleet.report(view, parseJson(text, nodeStatsSchema, 'its answer'), askedAt);
    return text;
  }

  #ask(view: NodeView, wish: OrderWish, key: KeyObject): Promise<string> {
    const what: Order = {
      ...wish,
      ...{ node: nodeName(view), nonce: newNonce(), expires: this.#options.clock.now() + ORDER_LIFE_MS },
    };
    return this.#send(view, JSON.stringify(what), key);
  }

  #isLast(view: NodeView): boolean {
    const { fleet, clock } = this.#options;
    const now = clock.now();
    if (!mayBeSentTo(view, now)) return false;
    for (const other of fleet.views()) if (other !== view && mayBeSentTo(other, now)) return false;
    return true;
  }

  async #send({ member }: NodeView, body: string, key: KeyObject): Promise<string> {
    const { id, url } = member;
    const { status, text } = await send(url + ORDER_PATH, body, key).catch((cause: unknown) => {
      if (cause instanceof FleetError) throw new FleetError(cause.code, `${id}: ${cause.message}`, { cause });
      const { message, remedy } = explainUnreachable(cause, url);
      throw new FleetError('node-unreachable', `${id} cannot be reached: ${message}`, { cause, remedy });
    });
    if (status === 200) return text;
    throw refusalOf(id, status, text);
  }
}

async function send(url: string, body: string, key: KeyObject): Promise<{ status: number; text: string }> {
  const answer = await request(url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', [SIGNATURE_HEADER]: signOrder(body, key) },
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  const text = await readText(answer.body, { bytes: MAX_REPORT_BYTES, what: 'its answer' });
  return { status: answer.statusCode, text };
}

/** What the caller of the front can do about goes on under its own code; all else is between front and node. */
const PASSED_ON: ReadonlySet<ErrorCode> = new Set(['bad-request', 'wrong-state', 'not-found']);

function refusalOf(id: string, status: number, text: string): FleetError {
  const body = readError(text);
  if (body === undefined) return new FleetError('node-refused', `${id} answers ${status} to an order`);
  const { code, message, remedy } = body;
  const options = remedy === undefined ? {} : { remedy: remedy.slice(0, LONGEST_WORDS) };
  const refused = PASSED_ON.has(code) ? code : 'node-refused';
  return new FleetError(refused, `${id} refuses: ${message.slice(0, LONGEST_WORDS)}`, options);
}
