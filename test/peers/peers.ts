// The two proxies that are compared: configurable-http-proxy, which JupyterHub and tmpnb use, and the node's own.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { admit } from '../../node-agent/ownership/access.ts';
import { createProxy, type Lookup } from '../../node-agent/proxy/proxy.ts';
import { listenToReaders } from '../../node-agent/public/listener.ts';
import { StartupGate } from '../../node-agent/public/startup-gate.ts';
import { OWN_BRAND } from '../../shared/brand/brand.ts';
import { frameAncestors } from '../../shared/http/embedding.ts';
import { NO_CONNECTION_LIMITS } from '../../shared/sockets/connection-limits.ts';

export const PEERS = ['chp', 'ours'] as const;
export type PeerName = (typeof PEERS)[number];

export interface Peer {
  readonly isChp: boolean;
  /** Where readers connect. */
  readonly port: number;
  /** Makes `/user/<id>/` lead to a sandbox on that port of this machine. */
  readonly route: (id: string, port: number) => Promise<void>;
  /** Calls `listener` when an error would have ended the peer's process; returns what stops that. */
  readonly onCrash: (listener: () => void) => () => void;
  readonly close: () => Promise<void>;
}

export async function startPeers(): Promise<Readonly<Record<PeerName, Peer>>> {
  const [chp, ours] = await Promise.all([startChp(), startOurs()]);
  return { chp, ours };
}

async function startChp(): Promise<Peer> {
  const child = fork(fileURLToPath(new URL('chp.mjs', import.meta.url)));
  const exited = once(child, 'exit');
  const { port } = await message(child, (each) => each.port !== undefined);
  return {
    isChp: true,
    port: port ?? 0,
    route: async (id, to) => {
      const routed = message(child, (each) => each.id === id);
      if (child.connected) child.send({ id, port: to });
      await routed;
    },
    onCrash: (listener) => {
      const listen = ({ crash }: ChpMessage): void => {
        if (crash !== undefined) listener();
      };
      child.on('message', listen);
      return () => child.off('message', listen);
    },
    close: async () => {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

interface ChpMessage {
  readonly port?: number;
  readonly id?: string;
  readonly crash?: string;
}

function message(child: ChildProcess, wanted: (message: ChpMessage) => boolean): Promise<ChpMessage> {
  return new Promise((resolve, reject) => {
    const over = (): void => {
      child.off('message', listen);
      child.off('exit', ended);
    };
    const listen = (each: ChpMessage): void => {
      if (!wanted(each)) return;
      over();
      resolve(each);
    };
    const ended = (): void => {
      over();
      reject(new Error('configurable-http-proxy has ended'));
    };
    child.on('message', listen);
    child.once('exit', ended);
    if (child.exitCode !== null) ended();
  });
}

async function startOurs(): Promise<Peer> {
  const sandboxes = new Map<string, Lookup>();
  const framePolicy = (): string => frameAncestors([]);
  const rules = {
    nodeId: 'n1',
    trustProxy: false,
    openUrls: true,
    ownOrigin: false,
    credentialedOrigin: '',
  };
  const owned = { id: '', key: undefined, claimedBy: undefined };
  const cookies = new Map<string, Set<string>>();
  const proxy = createProxy({
    lookup: (id) => sandboxes.get(id) ?? 'gone',
    used: () => undefined,
    failed: () => undefined,
    refuse: (_request, response, { status }) => {
      response.writeHead(status, { 'content-length': '0' }).end();
    },
    responseHeaders: {},
    framePolicy,
    trustProxy: false,
    admit: (request, id, target) => admit(request, target, { ...owned, id }, rules),
    cookies: {
      names: (id) => cookies.get(id) ?? new Set(),
      learn: (id, name) => {
        cookies.set(id, (cookies.get(id) ?? new Set()).add(name));
        return true;
      },
    },
  });
  const gate = new StartupGate();
  gate.open();
  const serving = await listenToReaders({
    config: { host: '127.0.0.1', port: 0, keepAliveTimeoutMs: 5_000 },
    tls: undefined,
    gate,
    handle: (request, response) => {
      if (!proxy.handle(request, response)) response.writeHead(404, { 'content-length': '0' }).end();
    },
    proxy,
    limits: NO_CONNECTION_LIMITS,
    hosts: undefined,
    framePolicy,
    brand: OWN_BRAND,
  });
  return {
    isChp: false,
    port: serving.port,
    route: async (id, port) => {
      sandboxes.set(id, { address: { host: '127.0.0.1', port }, token: undefined });
    },
    // It runs in the process of the tests, which an uncaught error fails.
    onCrash: () => () => undefined,
    close: async () => {
      await proxy.close();
      await serving.close(0);
    },
  };
}
