// The registry's data in Redis: three keys, changed by scripts that Redis runs as one step each.
//
//   {tmpfleet}:registry  hash    id, generation, count: see consistency.ts; also the name of the channel that announces changes
//   {tmpfleet}:nodes     hash    a node's id to its address
//   {tmpfleet}:audit     stream  entry: an audit entry as JSON
import { createClient } from '@redis/client';
import { z } from 'zod';
import type { AuditEntry } from '../../shared/api/registry.ts';
import { AUDIT_KEPT, readEntries } from '../../shared/audit/audit-file.ts';
import { backoffMs } from '../../shared/backoff.ts';
import { FleetError } from '../../shared/errors.ts';
import { type Member, memberSchema, normalizeNodeUrl } from '../../shared/protocol/wire.ts';
import type { LastKnown, Marker } from './consistency.ts';

const MARKER = '{tmpfleet}:registry';
const NODES = '{tmpfleet}:nodes';
const AUDIT = '{tmpfleet}:audit';

/** Time limit of a command: a Redis in the same data centre answers in a millisecond, a stopped one never. ms */
const ANSWER_MS = 2_000;
const RECONNECT = { firstMs: 50, longestMs: 1_000 };

/** Ends every script: updates the marker and publishes the change. */
const TELL = `
redis.call('HSET', KEYS[1], 'count', redis.call('HLEN', KEYS[2]))
redis.call('PUBLISH', KEYS[1], redis.call('HINCRBY', KEYS[1], 'generation', 1))
return 'ok'`;
/** Begins scripts that must change nothing in a registry other than the one the caller knows. */
const SAME = `if redis.call('HGET', KEYS[1], 'id') ~= ARGV[1] then return 'lost' end\n`;

const SCRIPTS = {
  begin: `if redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 then return 'there' end
redis.call('HSET', KEYS[1], 'id', ARGV[1])${TELL}`,
  add: `${SAME}local there = redis.call('HGET', KEYS[2], ARGV[2])
if there then return ARGV[2] .. ' ' .. there end
local all = redis.call('HGETALL', KEYS[2])
for i = 2, #all, 2 do if all[i] == ARGV[3] then return all[i - 1] .. ' ' .. all[i] end end
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])${TELL}`,
  remove: `${SAME}if redis.call('HDEL', KEYS[2], ARGV[2]) == 0 then return 'none' end${TELL}`,
  accept: `redis.call('HSET', KEYS[1], 'id', ARGV[1], 'generation', ARGV[2])${TELL}`,
  restore: `redis.call('DEL', KEYS[2])
for i = 3, #ARGV, 2 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
redis.call('HSET', KEYS[1], 'id', ARGV[1], 'generation', ARGV[2])${TELL}`,
};

const markerSchema = z.object({
  id: z.string().min(1),
  generation: z.coerce.number().int().nonnegative(),
  count: z.coerce.number().int().nonnegative(),
});

export interface RedisStoreOptions {
  readonly url: string;
  readonly password: string;
  /** Called when a change is published. */
  readonly onChange: () => void;
  /** Called with undefined when the connection is ready, with the error when it fails. */
  readonly onConnection: (error: unknown) => void;
}

type Client = ReturnType<typeof newClient>;

function newClient({ url, password }: Pick<RedisStoreOptions, 'url' | 'password'>) {
  return createClient({
    url,
    ...(password === '' ? {} : { password }),
    name: 'tmpfleet-redirector',
    // A command without a connection fails at once, instead of being run when Redis is back.
    disableOfflineQueue: true,
    socket: {
      connectTimeout: ANSWER_MS,
      reconnectStrategy: (retries: number) => backoffMs(retries + 1, RECONNECT),
    },
  });
}

export class RedisStore {
  readonly #options: RedisStoreOptions;
  #client: Client;

  constructor(options: RedisStoreOptions) {
    this.#options = options;
    this.#client = this.#connect();
  }

  /** Replaces a connection that may be dead without an error. */
  reconnect(): void {
    this.#client.destroy();
    this.#client = this.#connect();
  }

  close(): void {
    this.#client.destroy();
  }

  /** Tries to connect until it is destroyed. */
  #connect(): Client {
    const { onChange, onConnection } = this.#options;
    const client = newClient(this.#options);
    client.on('error', onConnection);
    client.on('ready', () => onConnection(undefined));
    // A failure is reported by `error`; the client renews the subscription with each connection.
    client
      .connect()
      .then(() => client.subscribe(MARKER, onChange))
      .catch(() => undefined);
    return client;
  }

  /** The marker and the number of nodes, without reading them all. */
  async look(): Promise<{ readonly marker: Marker | undefined; readonly held: number }> {
    const [marker, held] = await this.#within(this.#client.multi().hGetAll(MARKER).hLen(NODES).exec());
    return { marker: readMarker(marker), held: z.number().parse(held) };
  }

  /** Marker and nodes of one moment. @throws FleetError `registry-unreadable` for an entry that is no node */
  async read(): Promise<{ readonly marker: Marker | undefined; readonly members: readonly Member[] }> {
    const [marker, nodes] = await this.#within(this.#client.multi().hGetAll(MARKER).hGetAll(NODES).exec());
    const members = Object.entries(z.record(z.string(), z.string()).parse(nodes ?? {}))
      .map(([id, url]) => readMember(id, url))
      .sort((one, other) => (one.id < other.id ? -1 : 1));
    return { marker: readMarker(marker), members };
  }

  /** @returns `ok`, `lost`, or the node with this id or address as `<id> <url>` */
  add(registry: string, { id, url }: Member): Promise<string> {
    return this.#run(SCRIPTS.add, [registry, id, url]);
  }

  /** @returns `ok`, `lost`, or `none` */
  remove(registry: string, id: string): Promise<string> {
    return this.#run(SCRIPTS.remove, [registry, id]);
  }

  /** Creates the registry, unless there is one. */
  begin(registry: string): Promise<string> {
    return this.#run(SCRIPTS.begin, [registry]);
  }

  accept(registry: string, generation: number): Promise<string> {
    return this.#run(SCRIPTS.accept, [registry, String(generation)]);
  }

  restore({ id, generation, members }: LastKnown): Promise<string> {
    return this.#run(SCRIPTS.restore, [
      id,
      String(generation),
      ...members.flatMap((each) => [each.id, each.url]),
    ]);
  }

  async note(entry: AuditEntry): Promise<void> {
    const trim = { TRIM: { strategy: 'MAXLEN', strategyModifier: '~', threshold: AUDIT_KEPT } } as const;
    await this.#within(this.#client.xAdd(AUDIT, '*', { entry: JSON.stringify(entry) }, trim));
  }

  async audit(limit: number): Promise<readonly AuditEntry[]> {
    const found = (await this.#within(this.#client.xRevRange(AUDIT, '+', '-', { COUNT: limit }))) ?? [];
    return readEntries(found.map(({ message }) => message.entry ?? '').reverse(), limit);
  }

  async #run(script: string, args: string[]): Promise<string> {
    return z
      .string()
      .parse(await this.#within(this.#client.eval(script, { keys: [MARKER, NODES], arguments: args })));
  }

  /** The client itself has no time limit for an answer. */
  async #within<T>(answer: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer in ${ANSWER_MS / 1000} s`)), ANSWER_MS);
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

function readMember(id: string, url: string): Member {
  try {
    return memberSchema.parse({ id, url: normalizeNodeUrl(url) });
  } catch (cause) {
    const what = `${JSON.stringify(id)} at ${JSON.stringify(url)}`;
    throw new FleetError('registry-unreadable', `it holds ${what}, which is no node`, { cause });
  }
}

/** Undefined when there is none. */
function readMarker(fields: unknown): Marker | undefined {
  return markerSchema.safeParse(fields).data;
}
