// Carries out orders, from the node's own control listener or from the front, which signs them.
import type { Context } from 'koa';
import { z } from 'zod';
import type { NodePoolJson } from '../../shared/api/pool.ts';
import type { Clock } from '../../shared/clock.ts';
import { FleetError } from '../../shared/errors.ts';
import { readTextBody } from '../../shared/http/koa-app.ts';
import type { Logger } from '../../shared/logging.ts';
import type { NodeKeys } from '../../shared/protocol/fleet-keys.ts';
import { type LogLinesJson, type LogWish, logWishSchema } from '../../shared/protocol/log-wish.ts';
import {
  EMBED,
  END,
  isSignedOrder,
  LOG,
  type Order,
  type OrderName,
  SIGNATURE_HEADER,
  verifyOrder,
} from '../../shared/protocol/order.ts';
import { type Probe, type ProbeAnswer, signProbeAnswer, verifyProbe } from '../../shared/protocol/probe.ts';
import type { NodeStats } from '../../shared/protocol/wire.ts';
import type { NodeAgentConfig } from '../config.ts';
import type { Pool } from '../pool/pool.ts';
import type { EmbedPolicy } from '../state/embed-policy.ts';
import type { NodeLifecycle } from '../state/node-lifecycle.ts';
import type { OrderRecord } from '../state/order-record.ts';
import { type PoolOrders, parseResize } from './pool-orders.ts';

export interface OrderHandlerOptions {
  readonly config: Pick<NodeAgentConfig, 'nodeId' | 'drainDeadlineMs' | 'frontUrl'>;
  readonly keys: NodeKeys;
  readonly record: OrderRecord;
  readonly pool: Pick<Pool, 'act' | 'end'>;
  readonly lifecycle: NodeLifecycle;
  readonly poolOrders: PoolOrders;
  /** The agent's own log. */
  readonly readLog: (wish: LogWish) => LogLinesJson;
  readonly embedding: Pick<EmbedPolicy, 'tell'>;
  readonly snapshot: () => NodeStats;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether sandboxes can be started. */
  readonly isReady: () => boolean;
}

export class OrderHandler {
  readonly #options: OrderHandlerOptions;
  constructor(options: OrderHandlerOptions) {
    this.#options = options;
  }

  /** @param deadline ms from now, for a drain @throws FleetError `wrong-state` when the node's state does not allow it */
  carryOut(order: OrderName, deadline?: number): NodeStats {
    const { config, pool, lifecycle, snapshot, logger } = this.#options;
    if (order === 'drain') lifecycle.drain(deadline ?? config.drainDeadlineMs);
    else if (order === 'cordon') lifecycle.cordon();
    else lifecycle.uncordon();
    logger.info({ state: lifecycle.state }, `node: ${order}`);
    // Synchronous, so that the snapshot in the answer already shows the effect.
    pool.act();
    return snapshot();
  }

  /**
   * `POST /api/orders`: returns the body of the answer.
   * @throws FleetError `forbidden` for an order that the front did not sign, recently, for this node
   */
  async receive(context: Context): Promise<NodeStats | NodePoolJson | LogLinesJson | string> {
    const { config, keys, record, clock } = this.#options;
    if (keys.orders.length === 0) throw new FleetError('no-such-path', `there is nothing at ${context.path}`);
    const body = await readTextBody(context);
    const now = clock.now();
    const signature = context.get(SIGNATURE_HEADER);
    const probe = verifyProbe(body, signature, keys.orders);
    if (probe !== undefined) return this.#answer(probe, context);
    const order = verifyOrder(body, signature, keys.orders, now);
    if (order === undefined && isSignedOrder(body, signature, keys.orders) && !isLate(body, now)) {
      throw new FleetError('bad-request', 'this version of the node-agent does not know that order', {
        remedy: `update ${config.nodeId} to the version of the front`,
      });
    }
    if (order === undefined) {
      throw new FleetError('forbidden', 'this order is not signed by a front of this fleet, or is too old', {
        remedy: `was the key of ${config.nodeId} made from the secret of the front, and do both have the same time?`,
      });
    }
    if (order.node !== config.nodeId) {
      throw new FleetError('forbidden', `this order is for ${order.node}, and this is ${config.nodeId}`);
    }
    if (!record.add(order.nonce, order.expires, now))
      throw new FleetError('forbidden', 'this order was taken already');
    return this.#obey(order);
  }

  #obey({ order, sandbox, origins, deadline, size, log }: Order): NodeStats | NodePoolJson | LogLinesJson {
    const { poolOrders, readLog, embedding, snapshot } = this.#options;
    switch (order) {
      case END:
        return this.#end(sandbox);
      case EMBED:
        embedding.tell(origins ?? []);
        return snapshot();
      case LOG:
        return readLog(log ?? logWishSchema.parse({}));
      case 'pool-status':
        return poolOrders.status();
      case 'pool-resize':
        return poolOrders.resize(parseResize(size));
      case 'pool-recycle': {
        const drained = poolOrders.recycle();
        return { ...poolOrders.status(), drained };
      }
      case 'pool-pause':
        return poolOrders.pause(true);
      case 'pool-resume':
        return poolOrders.pause(false);
      case 'pool-refresh':
        return poolOrders.refresh();
      default:
        return this.carryOut(order, deadline);
    }
  }

  #end(sandbox = ''): NodeStats {
    const { pool, snapshot } = this.#options;
    if (!pool.end(sandbox, 'deleted'))
      throw new FleetError('not-found', 'no sandbox here is called that, or it is ending already');
    return snapshot();
  }

  /** The body as text, because the signature covers its bytes. */
  #answer({ nonce }: Probe, context: Context): string {
    const { config, keys, clock, isReady } = this.#options;
    const answer: ProbeAnswer = {
      nonce,
      node: config.nodeId,
      clock: clock.now(),
      ready: isReady(),
      front: config.frontUrl,
    };
    const body = JSON.stringify(answer);
    const [key] = keys.tickets;
    if (key !== undefined) context.set(SIGNATURE_HEADER, signProbeAnswer(body, key));
    context.type = 'application/json';
    return body;
  }
}

/** Of an order that is not understood: its time is what tells a new order from an old one. */
function isLate(body: string, now: number): boolean {
  const parsed = z.looseObject({ expires: z.number() }).safeParse(JSON.parse(body));
  return !parsed.success || parsed.data.expires < now;
}
