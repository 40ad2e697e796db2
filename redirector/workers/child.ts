// One worker of a redirector, run by node:cluster: readers and its own view of the nodes, no control listener.
// It takes orders from the primary alone; when the primary is gone, node:cluster ends it.
import { describeError, FleetError } from '../../shared/errors.ts';
import { createLogger } from '../../shared/logging.ts';
import type { Member } from '../../shared/protocol/wire.ts';
import { type Front, startFront } from '../front.ts';

import { workerMetrics } from './metrics.ts';
import { type Order, parseOrder, type Word } from './protocol.ts';
import { GivenRegistry } from './registry.ts';

const registry = new GivenRegistry();
let front: Front | undefined;

// A Ctrl-C reaches every process of the terminal, and systemd's stop every process of the unit: the primary decides.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('message', (message) => {
  const order = parseOrder(message);
  if (order !== undefined) void obey(order);
});
say({ type: 'hello' });

async function obey(order: Order): Promise<void> {
  if (order.type === 'start') await start(order.config, order.members);
  if (order.type === 'stop') {
    await front?.close();
    process.exit();
  }
  if (order.type === 'members') {
    registry.set(order.members);
    say({ type: 'done', id: order.id });
  }
  if (order.type === 'metrics') {
    const metrics = front === undefined ? [] : await workerMetrics(front.metrics);
    say({ type: 'done', id: order.id, metrics });
  }
}

async function start(config: Parameters<typeof startFront>[0], members: readonly Member[]): Promise<void> {
  const logger = createLogger({ name: 'redirector', level: config.logLevel, format: config.logFormat });
  process.on('uncaughtException', (error) => {
    logger.fatal({ error: describeError(error), stack: error.stack }, 'a fault in the program');
    process.exit(1);
  });
  registry.set(members);
  try {
    front = await startFront(config, registry, { logger });
    say({ type: 'up', url: front.url });
  } catch (error) {
    say({ type: 'failed', ...describeFailure(error) });
  }
}

function describeFailure(error: unknown): Omit<Extract<Word, { type: 'failed' }>, 'type'> {
  if (!(error instanceof FleetError)) return { code: '', message: describeError(error) };
  const { code, message, remedy } = error;
  return { code, message, ...(remedy === undefined ? {} : { remedy }) };
}

function say(word: Word): void {
  process.send?.(word);
}
