// The listener for readers. Until the node is open, it holds all requests except those for its report and orders.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Brand } from '../../shared/brand/brand.ts';
import { useOriginForm } from '../../shared/http/request-target.ts';
import { type Serving, serve } from '../../shared/http/serving.ts';
import { ORDER_PATH } from '../../shared/protocol/order.ts';
import type { ConnectionLimits } from '../../shared/sockets/connection-limits.ts';
import { endSocket } from '../../shared/sockets/end-socket.ts';
import type { RenewedPair } from '../../shared/sockets/tls-server.ts';
import type { NodeAgentConfig } from '../config.ts';
import type { NodeProxy } from '../proxy/proxy.ts';
import type { SandboxHosts } from './sandbox-hosts.ts';
import type { StartupGate } from './startup-gate.ts';

export interface ListenerOptions {
  readonly config: Pick<NodeAgentConfig, 'host' | 'port' | 'keepAliveTimeoutMs'>;
  readonly gate: StartupGate;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
  readonly proxy: Pick<NodeProxy, 'upgrade'>;
  readonly limits: ConnectionLimits;
  readonly tls: RenewedPair | undefined;
  /** Where each sandbox has a host name of its own. */
  readonly hosts: SandboxHosts | undefined;
  readonly framePolicy: () => string;
  readonly brand: Brand;
}

const NO_UPGRADE_HERE = 'HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

/** @throws FleetError `port-taken` */
export function listenToReaders({
  config,
  gate,
  handle,
  proxy,
  hosts,
  limits,
  tls,
  framePolicy,
  brand,
}: ListenerOptions): Promise<Serving> {
  return serve({
    what: 'the node for its readers',
    host: config.host,
    port: config.port,
    keepAliveTimeoutMs: config.keepAliveTimeoutMs,
    flag: '--port',
    limits,
    tls,
    framePolicy,
    brand,
    part: 'node',
    handle: (request, response) => {
      useOriginForm(request);
      // The report is correct at any time (nothing is warm yet), and a probe or a cordon need not wait.
      if (gate.isOpen || (isForFronts(request.url) && hosts?.isAtSandbox(request) !== true))
        handle(request, response);
      else gate.hold(request, response, () => handle(request, response));
    },
    upgrade: (request, socket, head) => {
      useOriginForm(request);
      const upgrade = (): void => {
        if (!(hosts ?? proxy).upgrade(request, socket, head)) endSocket(socket, NO_UPGRADE_HERE);
      };
      if (gate.isOpen) upgrade();
      else gate.holdUpgrade(socket, upgrade);
    },
  });
}

function isForFronts(url = ''): boolean {
  return url === ORDER_PATH || /^\/(?:api\/)?stats(?:\?|$)/.test(url);
}
