// Wires a redirector together; nothing runs until `startRedirector` is called.
import { systemClock, systemRandom } from '../shared/clock.ts';
import { controlTls } from '../shared/http/control-guard.ts';
import { type Serving, serve } from '../shared/http/serving.ts';
import type { Member } from '../shared/protocol/wire.ts';
import type { Runtime } from '../shared/runtime.ts';
import { ServerCertificate } from '../shared/tls/server-certificate.ts';
import { probeNode } from './admission/admission.ts';
import { checkRedirectorConfig, type RedirectorConfig } from './config.ts';
import { createNodesApi } from './control/app.ts';
import { EmbedTeller } from './control/embed-teller.ts';
import { FleetDescriber } from './control/fleet-json.ts';
import { Orders } from './control/node-orders.ts';
import { showRegistry } from './control/registry-routes.ts';
import { openFleetPage } from './fleet-page/fleet-page.ts';
import type { FleetTally } from './fleet-page/history.ts';
import { tallyRegistry } from './fleet-page/tally.ts';
import { type Front, startFront } from './front.ts';
import type { Fleet } from './nodes/fleet.ts';
import { type FleetRoom, fleetRoom } from './nodes/summary.ts';
import { openRegistry } from './registry/open.ts';
import type { OwnedRegistry } from './registry/registry.ts';
import { SeedNodes } from './registry/seed-nodes.ts';
import { openWebhook } from './webhook/webhook.ts';

export interface Redirector {
  readonly url: string;
  readonly controlUrl: string;
  readonly fleet: Fleet;
  close(): Promise<void>;
}

/** @throws FleetError `bad-config`, `port-taken`, `registry-unreadable` */
export async function startRedirector(config: RedirectorConfig, runtime: Runtime): Promise<Redirector> {
  const { logger } = runtime;
  checkRedirectorConfig(config);
  const registry = await openRegistry(config, runtime);
  const open: { close(): Promise<void> }[] = [registry];
  const close = async (): Promise<void> => {
    for (const part of open.splice(0).reverse()) await part.close();
  };
  try {
    const certificate = ServerCertificate.open(config, runtime);
    if (certificate !== undefined) open.push(certificate);
    const front = await startFront(config, registry.membership, { ...runtime, certificate });
    open.push(front);
    showRegistry(front.metrics, registry.recovery);
    const control = await startControl(config, { front, registry, runtime, certificate });
    open.push(control);
    open.push(await SeedNodes.add({ urls: config.nodes, registry, logger }));
    const { fleet, url } = front;
    if (config.secret === '')
      logger.warn('no secret is set, so who is still on the way to a node is only guessed at');
    logger.info({ url, control: control.url, nodes: fleet.size, ...front.limits.about }, 'redirector is up');
    return { url, controlUrl: control.url, fleet, close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface ControlParts {
  readonly front: Front;
  readonly registry: OwnedRegistry;
  readonly runtime: Runtime;
  readonly certificate: ServerCertificate | undefined;
}

async function startControl(
  config: RedirectorConfig,
  { front, registry, runtime, certificate }: ControlParts,
): Promise<Pick<Serving, 'url' | 'close'>> {
  const { fleet, metrics, keys, ourKey } = front;
  const { logger, clock = systemClock } = runtime;
  const orders = new Orders({ fleet, keys, clock });
  if (keys.exist) new EmbedTeller({ fleet, orders, config, clock, logger });
  const probe = (member: Member) => probeNode({ member, views: () => fleet.views(), keys, clock });
  const tally = (): Promise<FleetTally> => tallyRegistry(metrics);
  const page = openFleetPage({ fleet, clock, logger, tally });
  const random = runtime.random ?? systemRandom;
  const room = (): FleetRoom => fleetRoom(fleet, ourKey, clock.now());
  const webhook = openWebhook({ config, fleet, room, metrics, clock, random, logger });
  runtime.reloader?.watch(() => webhook.reload());
  const describer = new FleetDescriber({ fleet, metrics, ourKey, clock, tally });
  const api = createNodesApi({
    ...{ config, registry, fleet, orders, probe, describer, metrics, logger, page, webhook },
    reload: runtime.reloader?.run,
  });
  const control = await serve({
    what: "the redirector's control listener",
    host: config.controlHost,
    port: config.controlPort,
    flag: '--control-port',
    limits: front.limits.control,
    tls: controlTls(config.controlHost, certificate),
    handle: api.callback(),
  }).catch(async (error: unknown) => {
    await Promise.all([page.close(), webhook.close()]);
    throw error;
  });
  const canary = front.startCanary((node, sandbox) => orders.end(node, sandbox));
  return {
    url: control.url,
    close: async () => {
      await canary?.close();
      await Promise.all([page.close(), webhook.close()]);
      await control.close(0);
    },
  };
}
