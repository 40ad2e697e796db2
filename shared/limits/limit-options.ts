// The options that limit what one client may do, and what all may; the same at front and node.
import { BoundedMap } from '../collections/bounded-map.ts';
import { type ConfigOf, inGroup, integer, type Kind, live, option, text } from '../config/option.ts';
import { formatDuration, parseDuration } from '../config/units.ts';
import { type ConnectionLimits, NO_CONNECTION_LIMITS } from '../sockets/connection-limits.ts';
import { type ConnectionRoom, descriptorLimit, roomForConnections } from '../sockets/descriptors.ts';
import {
  AddressSet,
  addressRanges,
  type ClientAddressConfig,
  type ClientRequest,
  clientOf,
  createClientAddress,
} from './client-address.ts';

/** A token bucket: `count` at once, refilled evenly within `perMs`. A `count` of 0 is no limit. */
export interface Rate {
  readonly count: number;
  readonly perMs: number;
}

const NO_RATE: Rate = { count: 0, perMs: 1 };

/** `600/5m`, or 0. */
function rate(): Kind<Rate> {
  const parse = (value: string): Rate | undefined => {
    if (value === '0') return NO_RATE;
    const [, count, time] = /^([1-9]\d{0,8})\s*\/\s*(\S+)$/.exec(value) ?? [];
    const perMs = parseDuration(time ?? '');
    return typeof perMs === 'number' && perMs >= 1000 ? { count: Number(count), perMs } : undefined;
  };
  return {
    schema: text('', '')
      .schema.refine((value) => parse(value.trim()) !== undefined)
      .transform((value) => parse(value.trim()) ?? NO_RATE),
    metavar: 'n/time',
    expects: 'a number and a time of at least 1s, such as 600/5m, or 0 for no limit',
    format: ({ count, perMs }) => (count === 0 ? 0 : `${count}/${formatDuration(perMs)}`),
  };
}

/** As many as the limit of open files allows. */
const AUTO = -1;

const connectionCount: Kind<number> = {
  ...integer(0, 10_000_000),
  schema: text('', '')
    .schema.transform((value) => (value === 'auto' ? AUTO : Number(value)))
    .refine((value) => Number.isInteger(value) && value >= AUTO),
  metavar: 'n|auto',
  expects: 'a whole number, 0 for no limit, or auto',
  format: (value) => (value === AUTO ? 'auto' : value),
};

export const limitOptions = inGroup('Limits', {
  maxConnections: option(
    connectionCount,
    AUTO,
    'highest number of connections of readers (0: no limit; auto: as many as the limit of open files allows)',
  ),
  clientConnections: option(
    integer(0, 10_000_000),
    2_000,
    'highest number of connections of one client, and half of all at most (0: no limit)',
  ),
  clientArrivals: live(
    option(
      rate(),
      { count: 600, perMs: 300_000 },
      'how often one client may ask for a new sandbox: so many at once, then evenly over the time (0: no limit)',
    ),
  ),
  exemptClients: option(
    addressRanges(),
    ['127.0.0.0/8', '::1'],
    'addresses to which no limit by client applies; IPv6 addresses count as their /64',
  ),
});
export type LimitConfig = ConfigOf<typeof limitOptions>;

export interface ListenerLimits {
  readonly readers: ConnectionLimits;
  readonly control: ConnectionLimits;
  /** For the log. */
  readonly about: { readonly maxConnections: number | 'no limit'; readonly openFiles: number | 'unknown' };
}

/**
 * The limits of a program's two listeners.
 * @param each descriptors that a connection of a reader takes: two at a node, which proxies it
 */
export function listenerLimits(
  config: LimitConfig & ClientAddressConfig,
  each: number,
  openFiles = descriptorLimit(),
): ListenerLimits {
  const room: ConnectionRoom = roomForConnections(openFiles, each);
  const max = config.maxConnections === AUTO ? room.readers : unlimitedIfZero(config.maxConnections);
  const isExempt = exemption(config);
  const terminators = new AddressSet(config.trustedProxies);
  // A trusted proxy's connections carry the requests of many clients.
  const isProxy = (address: string): boolean =>
    config.trustProxy && (config.trustedProxies.length === 0 || terminators.has(address));
  return {
    readers: {
      max,
      perClient: Math.min(unlimitedIfZero(config.clientConnections), Math.ceil(max / 2)),
      clientAt: (address) => {
        const client = clientOf(address);
        return isProxy(address) || isExempt(client) ? undefined : client;
      },
    },
    control: { ...NO_CONNECTION_LIMITS, max: room.control },
    about: {
      maxConnections: Number.isFinite(max) ? max : 'no limit',
      openFiles: openFiles ?? 'unknown',
    },
  };
}

/** Clients of which it is remembered whether they are exempt; a lookup among ranges takes 4 µs. */
const REMEMBERED_CLIENTS = 1_000;

/** Whether no limit applies to a client. */
export function exemption({
  exemptClients,
}: Pick<LimitConfig, 'exemptClients'>): (client: string) => boolean {
  const exempt = new AddressSet(exemptClients, 64);
  const known = new BoundedMap<string, boolean>(REMEMBERED_CLIENTS);
  return (client) => {
    const before = known.get(client);
    if (before !== undefined) return before;
    const is = exempt.has(client);
    known.set(client, is);
    return is;
  };
}

/** Names the client of a request; undefined for one to whom no limit applies. */
export function createLimitedClient(
  config: LimitConfig & ClientAddressConfig,
): (request: ClientRequest) => string | undefined {
  const clientAddress = createClientAddress(config);
  const isExempt = exemption(config);
  return (request) => {
    const client = clientAddress(request);
    return isExempt(client) ? undefined : client;
  };
}

/** The value of an option whose 0 stands for no limit. */
export function unlimitedIfZero(value: number): number {
  return value === 0 ? Number.POSITIVE_INFINITY : value;
}
