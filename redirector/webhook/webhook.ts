// The webhook of a front: what happens in the fleet, posted to an address of the operator's (`--webhook`).
import { hostname } from 'node:os';
import type { WebhookPingJson, WebhookStatusJson } from '../../shared/api/webhook.ts';
import type { Clock, Random } from '../../shared/clock.ts';
import { FleetError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import { startLoop } from '../../shared/loop.ts';
import { only, type Registry, rowsBy, showCounter, showGauge } from '../../shared/metrics.ts';
import type { Fleet } from '../nodes/fleet.ts';
import type { FleetRoom } from '../nodes/summary.ts';
import type { WebhookConfig } from '../webhook-options.ts';
import { WebhookDelivery } from './delivery.ts';
import { FleetObserver } from './observer.ts';

export interface WebhookOptions {
  readonly config: WebhookConfig;
  readonly fleet: Fleet;
  readonly room: () => FleetRoom;
  readonly metrics: Registry;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface Webhook {
  status(): WebhookStatusJson;
  /** Posts an event of its own. @throws FleetError `conflict` where there is no webhook */
  ping(): Promise<WebhookPingJson>;
  /** The configuration was read again. */
  reload(): void;
  close(): Promise<void>;
}

const LOOK_MS = 1_000;

export function openWebhook({
  config,
  fleet,
  room,
  metrics,
  clock,
  random,
  logger,
}: WebhookOptions): Webhook {
  const front = config.redirectorId || hostname();
  const delivery = new WebhookDelivery({ config, front, clock, random, logger });
  const observer = new FleetObserver({ fleet, room, clock, tell: (event) => delivery.add(event) });
  showDelivery(metrics, delivery);
  const loop = startLoop(async () => observer.look(), {
    ...{ interval: () => LOOK_MS, jitter: 0, random, logger, what: 'watching the room of the fleet' },
  });
  return {
    status: () => delivery.status(),
    ping: async () => {
      if (config.webhook === '') {
        throw new FleetError('conflict', 'this front has no webhook', { remedy: 'give it --webhook URL' });
      }
      const began = clock.monotonic();
      const problem = await delivery.ping();
      const took_ms = Math.round(clock.monotonic() - began);
      return { ok: problem === undefined, took_ms, problem: problem ?? null };
    },
    reload: () => delivery.reload(),
    close: async () => {
      await loop.stop();
      await delivery.close();
    },
  };
}

function showDelivery(metrics: Registry, delivery: WebhookDelivery): void {
  showCounter(metrics, {
    name: 'tmpfleet_webhook_events_total',
    help: 'Events for the webhook, by outcome: delivered, dropped (too many waited) or refused (the receiver does not take them)',
    labels: ['outcome'],
    rows: () => rowsBy('outcome', delivery.counts),
  });
  showGauge(metrics, {
    name: 'tmpfleet_webhook_waiting',
    help: 'Events that wait to be delivered to the webhook',
    rows: () => only(delivery.waiting),
  });
  showGauge(metrics, {
    name: 'tmpfleet_webhook_failing',
    help: '1 while the last delivery to the webhook failed',
    rows: () => only(delivery.isFailing ? 1 : 0),
  });
}
