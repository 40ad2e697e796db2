// The cookie that leads a reader's browser back to the node where it has a sandbox: a second click, another tab, another
// figure of the article. It names the node that the last redirect led to, and nothing of the reader; the node then knows its
// own readers by a cookie of its own.
//
// `<node>~<hour>~<signature>`, so it is the same for all readers of a node in an hour, and a front keeps nothing.
import type { Clock } from '../../shared/clock.ts';
import {
  cookieAttributes,
  cookieSchemeOf,
  cookiesOf,
  hostCookieName,
  isHttps,
  type SchemeRequest,
} from '../../shared/http/cookies.ts';
import type { FleetKeys } from '../../shared/protocol/fleet-keys.ts';
import { nodeOfTicket } from '../../shared/protocol/ticket.ts';
import { type NodeView, nodeName } from '../nodes/node-view.ts';

const NAME = 'tmpfleet_node';
const HOUR_MS = 3_600_000;
/** A reader who was away for longer is placed as a new one: their sandbox has most likely ended. */
const LIFE_HOURS = 24;
const MAX_TRIES = 4;
const VALUE = /^([A-Za-z0-9._-]{1,64})~([0-9a-z]{1,8})~([\w-]{22})$/;

export interface ReturnOptions {
  readonly keys: FleetKeys;
  readonly trustProxy: boolean;
  readonly clock: Pick<Clock, 'now'>;
}

interface Written {
  readonly hour: number;
  readonly node: string;
  readonly value: string;
}

export class ReturnCookies {
  readonly #options: ReturnOptions;
  readonly #written = new WeakMap<NodeView, Written>();

  constructor(options: ReturnOptions) {
    this.#options = options;
  }

  /**
   * The node where the browser may have a sandbox, by the name in its report. Over https only a cookie that this host has set
   * counts; of several, the first few, because each costs a signature to check and anybody may send hundreds.
   * @param ticket as shown, genuine or not: the node that it names has sent the reader here, so they are not led back there
   */
  find(request: SchemeRequest, ticket: string | undefined): string | undefined {
    const { cookie } = request.headers;
    if (cookie === undefined || !cookie.includes(NAME)) return undefined;
    const wanted = hostCookieName(NAME, isHttps(request, this.#options.trustProxy));
    let tries = 0;
    for (const { name, value } of cookiesOf(cookie)) {
      if (name !== wanted) continue;
      tries += 1;
      if (tries > MAX_TRIES) return undefined;
      const node = this.#read(value);
      if (node !== undefined && (ticket === undefined || nodeOfTicket(ticket) !== node)) return node;
    }
    return undefined;
  }

  /** The `Set-Cookie` value for a reader who is sent to the node. Undefined without a secret. */
  lead(request: SchemeRequest, view: NodeView): string | undefined {
    // A plain tmpnb node knows no reader again, and gives each of their clicks another sandbox.
    if (!this.#options.keys.exist || view.stats?.fleet === undefined) return undefined;
    const scheme = cookieSchemeOf(request, this.#options.trustProxy);
    const life = `; Max-Age=${(LIFE_HOURS * HOUR_MS) / 1_000}`;
    const name = hostCookieName(NAME, scheme.https);
    return `${name}=${this.#valueFor(view)}; ${cookieAttributes('/', scheme)}${life}`;
  }

  #valueFor(view: NodeView): string {
    const hour = this.#hour();
    const node = nodeName(view);
    const known = this.#written.get(view);
    if (known?.hour === hour && known.node === node) return known.value;
    const text = `${node}~${hour.toString(36)}`;
    const value = `${text}~${this.#options.keys.returns.sign(text)}`;
    this.#written.set(view, { hour, node, value });
    return value;
  }

  #read(value: string): string | undefined {
    const [, node, written = '', signature = ''] = VALUE.exec(value) ?? [];
    if (node === undefined) return undefined;
    const age = this.#hour() - Number.parseInt(written, 36);
    // The clock of another front may be ahead.
    const isFresh = age >= -1 && age < LIFE_HOURS;
    return isFresh && this.#options.keys.returns.verify(`${node}~${written}`, signature) ? node : undefined;
  }

  #hour(): number {
    return Math.floor(this.#options.clock.now() / HOUR_MS);
  }
}
