// Small, correct nodes that speak the wire contract over real HTTP, and a redirector in front of them.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { request } from 'undici';
import { z } from 'zod';
import { redirectorOptions } from '../../redirector/config.ts';
import { type Redirector, startRedirector } from '../../redirector/main.ts';
import { type Clock, newNonce } from '../../shared/clock.ts';
import { loadConfig } from '../../shared/config/load.ts';
import { FleetKeys } from '../../shared/protocol/fleet-keys.ts';
import { LINE_CLAIM_LIFE_MS, LINE_HEADER, LineClaims } from '../../shared/protocol/line-claim.ts';
import {
  redirectorKey,
  signTicket,
  splitTicket,
  type Ticket,
  verifyTicket,
} from '../../shared/protocol/ticket.ts';
import type { FleetReport, NodeStats } from '../../shared/protocol/wire.ts';
import { publicOrderKeys, ticketKeys } from '../support/fleet-keys.ts';
import { NAVIGATION } from '../support/reader.ts';
import { createTestLog } from '../support/test-logger.ts';
import { describeOnFailure, snapshotOf, until } from '../support/until.ts';

export const SECRET = 'a-secret-of-the-test-fleet';

export const silent = pino({ level: 'silent' });

export type Handle = (request: IncomingMessage, response: ServerResponse) => void;

export interface TestServer {
  readonly url: string;
  close(): Promise<void>;
}

/** A real server on a free port of loopback. */
export async function listen(handle: Handle, port = 0, host = '127.0.0.1'): Promise<TestServer> {
  const server = createServer(handle);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('not listening on TCP');
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

export interface NodeSettings {
  readonly node: string;
  readonly warm: number;
  readonly capacity: number;
  /** In use at the beginning. */
  readonly held: number;
  /** If true: no `fleet` object in reports, no tickets. */
  readonly plain: boolean;
  readonly state: FleetReport['state'];
}

/** A node that gives a sandbox for each GET but its report: counts the ticket, lowers `warm`, or says it is full. */
export class TestNode implements TestServer {
  readonly settings: NodeSettings;
  readonly #seen = new Map<string, Map<string, number>>();
  readonly #nonces = new Set<string>();
  readonly #lines = new LineClaims(publicOrderKeys(SECRET), LINE_CLAIM_LIFE_MS);
  #server: TestServer | undefined;
  #seq = 0;
  boot = newNonce();
  warm: number;
  state: FleetReport['state'];
  claims = 0;
  /** Sandboxes that were claimed and have ended. */
  ended = 0;
  refused = 0;
  polls = 0;
  /** Answers the requests that it matches, instead of the usual answer. */
  override: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;

  constructor(settings: Partial<NodeSettings> = {}) {
    this.settings = {
      node: `n${newNonce()}`,
      warm: 8,
      capacity: 8,
      held: 0,
      plain: false,
      state: 'ready',
      ...settings,
    };
    this.warm = this.settings.warm;
    this.state = this.settings.state;
  }

  async open(port = 0): Promise<this> {
    this.#server = await listen((request, response) => this.#answer(request, response), port);
    return this;
  }

  get url(): string {
    if (this.#server === undefined) throw new Error('the test node is not open');
    return this.#server.url;
  }

  async close(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
  }

  stats(): NodeStats {
    const { node, capacity, plain } = this.settings;
    const available = this.state === 'ready' ? this.warm : 0;
    if (plain) return { available, capacity };
    this.#seq += 1;
    const seen = Object.fromEntries(
      [...this.#seen].map(([key, epochs]) => [key, Object.fromEntries(epochs)]),
    );
    return {
      available,
      capacity,
      version: '1.0.0',
      container_image: 'test',
      fleet: {
        ...{ protocol: 1, node, boot: this.boot, seq: this.#seq, state: this.state, warm: this.warm },
        ...{
          starting: 0,
          held: this.settings.held + this.claims - this.ended,
          removing: 0,
          waiting: 0,
          capacity,
        },
        ...{ image: 'test', claims: this.claims, ended: {}, seen, load: 0 },
        ...{ lines: [...this.#lines.texts(Date.now())] },
      },
    };
  }

  /** A reader's sandbox ends, and another is warm. */
  free(): void {
    this.ended += 1;
    this.warm += 1;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = request.url ?? '/';
    if (url === '/stats') this.polls += 1;
    this.#lines.take(String(request.headers[LINE_HEADER] ?? ''), Date.now());
    if (this.override?.(request, response) === true) return;
    if (url === '/stats') sendJson(response, 200, this.stats());
    else this.#claim(url, response);
  }

  #claim(url: string, response: ServerResponse): void {
    this.#count(url);
    if (this.warm === 0) {
      this.refused += 1;
      sendJson(response, 429, { status: 'full' });
      return;
    }
    this.warm -= 1;
    this.claims += 1;
    sendJson(response, 200, { url: `/user/${this.settings.node}-${this.claims}/` });
  }

  #count(url: string): void {
    const { ticket } = splitTicket(url.slice(url.indexOf('?') + 1));
    const verified =
      ticket === undefined
        ? undefined
        : verifyTicket(ticket, ticketKeys(this.settings.node, SECRET), Date.now());
    if (verified === undefined || verified.node !== this.settings.node || this.#nonces.has(verified.nonce))
      return;
    this.#nonces.add(verified.nonce);
    const key = redirectorKey(verified);
    const epochs = this.#seen.get(key) ?? new Map<string, number>();
    this.#seen.set(key, epochs.set(String(verified.epoch), (epochs.get(String(verified.epoch)) ?? 0) + 1));
  }
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

/** The ticket of a reader whom a node sent back. */
export function bounce(changes: Partial<Ticket>, secret = SECRET): string {
  const now = Date.now();
  const { node = 'n', tried = [node], nonce = newNonce(), hops = tried.length } = changes;
  const before = tried.slice(0, -1);
  const seal = before.length === 0 ? undefined : new FleetKeys([secret]).seal(nonce, before);
  const ticket = { redirector: 'r', boot: 'b', epoch: Math.floor(now / 1000), expires: now + 10_000 };
  return signTicket({ ...ticket, seal, ...changes, node, nonce, tried, hops }, ticketKeys(node, secret));
}

export interface Front extends Redirector {
  readonly dataDir: string;
  /** Its last log lines. */
  log(): string;
  /** Adds nodes by the control listener and waits until each was polled, with or without success. */
  add(...nodes: readonly { readonly url: string }[]): Promise<void>;
  /** `GET` as a browser navigates, without following. */
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  stats(): Promise<FrontStats>;
}

export const frontStatsSchema = z.object({
  available: z.number(),
  capacity: z.number(),
  version: z.string(),
  hosts: z.record(
    z.string(),
    z.object({ available: z.number(), down: z.boolean().optional(), reason: z.string().optional() }),
  ),
});
export type FrontStats = z.infer<typeof frontStatsSchema>;

/** A whole redirector on free ports, polling quickly. @param flags as on the command line, without dashes */
export async function startFront(
  flags: Readonly<Record<string, string>> = {},
  {
    secret = SECRET,
    dataDir = mkdtempSync(join(tmpdir(), 'tmpfleet-front-')),
    webhookSecret,
  }: { readonly secret?: string; readonly dataDir?: string; readonly webhookSecret?: string } = {},
): Promise<Front> {
  const { config } = loadConfig(redirectorOptions, {
    flags: { ...QUICK, dataDir, ...flags },
    env: {
      ...{ TMPFLEET_SECRET: secret, TMPFLEET_CONTROL_TOKEN: flags.controlToken },
      TMPFLEET_WEBHOOK_SECRET: webhookSecret,
    },
  });
  const log = createTestLog();
  const redirector = await startRedirector(config, { logger: log.logger });
  const endDescribing = describeOnFailure(async () =>
    [`front: ${await snapshotOf(`${redirector.url}/stats`)}`, log.recent()].join('\n'),
  );
  return {
    ...redirector,
    dataDir,
    log: log.recent,
    add: async (...nodes) => {
      for (const { url } of nodes) {
        const answer = await post(`${redirector.controlUrl}/api/nodes`, { url, probe: false });
        if (!answer.ok) throw new Error(`the front does not take ${url}: ${await answer.text()}`);
      }
      await until('every node was polled', () =>
        [...redirector.fleet.views()].every(({ reachability }) => reachability !== 'unknown'),
      );
    },
    get: (path, headers = {}) => navigate(`${redirector.url}${path}`, headers),
    stats: async () => frontStatsSchema.parse(await (await fetch(`${redirector.url}/stats`)).json()),
    close: async () => {
      endDescribing();
      await redirector.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Not by `fetch`, which always says that it is no navigation. */
export async function navigate(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const answer = await request(url, { headers: { ...NAVIGATION, ...headers } });
  const kept = new Headers();
  for (const [name, value] of Object.entries(answer.headers)) {
    for (const one of [value ?? []].flat()) kept.append(name, one);
  }
  return new Response(await answer.body.text(), { status: answer.statusCode, headers: kept });
}

const QUICK = {
  ...{ host: '127.0.0.1', port: '0', controlPort: '0' },
  ...{ pollInterval: '100ms', unreachableInterval: '200ms', pollTimeout: '1s' },
};

export function post(
  url: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** Closes in `afterEach`, last first, everything that was opened through it. */
export class Bench {
  readonly #open: { close(): Promise<void> }[] = [];

  async front(...given: Parameters<typeof startFront>): Promise<Front> {
    return this.keep(await startFront(...given));
  }

  async node(settings: Partial<NodeSettings> = {}): Promise<TestNode> {
    return this.keep(await new TestNode(settings).open());
  }

  async server(handle: Handle): Promise<TestServer> {
    return this.keep(await listen(handle));
  }

  keep<T extends { close(): Promise<void> }>(thing: T): T {
    this.#open.push(thing);
    return thing;
  }

  async clear(): Promise<void> {
    for (const thing of this.#open.splice(0).reverse()) await thing.close();
  }
}

/** A clock that a test moves. */
export class TestClock implements Clock {
  time = 1_800_000_000_000;

  now(): number {
    return this.time;
  }

  monotonic(): number {
    return this.time;
  }

  pass(ms: number): void {
    this.time += ms;
  }
}

export { seededRandom as seeded } from '../../shared/clock.ts';
