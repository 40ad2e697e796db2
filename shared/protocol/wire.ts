// Messages between the programs over HTTP, with a schema for each. No message is used before it is parsed.
import { z } from 'zod';
import { FleetError } from '../errors.ts';
import { NODE_STATES } from './node-state.ts';

/** The version of the `fleet` object below; a program ignores unknown fields of a higher version. */
export const PROTOCOL = 1;

/** Largest size of a report; reading stops there. Bytes */
export const MAX_REPORT_BYTES = 256 * 1024;

/** Longer than any claim of a front about its line (line-claim.ts). Characters */
export const MAX_CLAIM_LENGTH = 400;

/** Most fronts whose claims a node repeats. */
export const MAX_CLAIMS = 16;

const count = z.number().int().nonnegative().max(1_000_000);
const counter = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const word = z.string().min(1).max(128);

/** Names that go into URLs, labels and file names. */
export const NODE_ID = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/;

export const nodeIdSchema = z.string().regex(NODE_ID, 'letters, digits, dot, dash, underscore; 63 at most');

/** One atomic snapshot of a node; `seq` rises with every one taken in the same `boot`. */
export const fleetReportSchema = z.object({
  protocol: z.number().int().positive(),
  node: nodeIdSchema,
  boot: word,
  seq: counter,
  state: z.enum(NODE_STATES),
  warm: count,
  starting: count,
  held: count,
  /** Those of the held ones whose processes are stopped until their readers come back. Missing from earlier versions. */
  frozen: count.optional(),
  /** Slots that are being emptied; without them, a front cannot compute the room for cold starts. */
  removing: count.default(0),
  /** Readers who wait for a sandbox that is starting, or for a free slot. */
  waiting: count.default(0),
  /** Sandboxes that could be started for further readers; default: all free slots less waiting readers. */
  cold: count.optional(),
  /** Why no sandbox can be started now, for operators: no image, no Docker, no room on the host. */
  problem: z.string().max(1_024).optional(),
  capacity: count,
  /** An operator has paused starts, so free slots do not count as room. */
  paused: z.boolean().optional(),
  image: z.string().max(512),
  claims: counter,
  /** Sandboxes ended so far, by reason. */
  ended: z.record(z.string().max(64), counter),
  /** `seen[redirector/boot][epoch]`: how many of that redirector's tickets of that second arrived here. */
  seen: z.record(z.string().max(128), z.record(z.string().max(16), count)),
  /** `ticketKeyId` of each key that it verifies tickets with; none without a secret. Missing from earlier versions. */
  key_ids: z.array(z.string().max(32)).max(8).optional(),
  /** One-minute load average divided by the number of cores. */
  load: z.number().nonnegative().max(100_000),
  /** The sites of `--embed-origins` of which a front has told it; missing where no front can tell it. */
  embed_origins: z.array(z.string().max(255)).max(64).optional(),
  /** Readers who asked while a slot was free, and of these those who had their sandbox in time (docs/reader-times.md). */
  slo: z.object({ readers: counter, good: counter }).optional(),
  /** Whether it knows a front's canary from a reader; missing where it does not, or shows no pages. */
  canary: z.boolean().optional(),
  /** What fronts say of the readers who wait there: line-claim.ts. */
  lines: z.array(z.string().max(MAX_CLAIM_LENGTH)).max(MAX_CLAIMS).optional(),
  /** Wall time by which a drain ends, ms since 1970. */
  drain_deadline: z.number().nullable().optional(),
  /** Whether the last drain had to end readers. */
  drain_forced: z.boolean().nullable().optional(),
});
export type FleetReport = z.infer<typeof fleetReportSchema>;

/** `GET /stats` of a node; the first four fields are tmpnb's, and a plain tmpnb node has only these. */
export const nodeStatsSchema = z.object({
  available: count,
  capacity: count,
  version: z.string().max(128).optional(),
  container_image: z.string().max(512).optional(),
  fleet: fleetReportSchema.optional(),
});
export type NodeStats = z.infer<typeof nodeStatsSchema>;

/** `POST /api/spawn`: where the caller's sandbox is, and what opens it. */
export const spawnAnswerSchema = z.object({
  url: z.string().min(1).max(2048),
  token: z
    .string()
    .max(256)
    .optional()
    .describe(
      'show it with every request: `Authorization: token …` or `?token=…`; a plain tmpnb node gives none',
    ),
  open: z
    .string()
    .max(4096)
    .optional()
    .describe('hands the sandbox over to the first browser that opens it; only with `--sandbox-domain`'),
});
export type SpawnAnswer = z.infer<typeof spawnAnswerSchema>;

/** A node in the registry: its id and the address that readers are sent to. */
export const memberSchema = z.object({
  id: nodeIdSchema,
  url: z.string().max(2048),
});
export type Member = z.infer<typeof memberSchema>;

/**
 * Parses text as JSON and then by `schema`.
 * @throws FleetError `bad-report` that names the first fields that do not fit, and what they were.
 */
export function parseJson<T>(text: string, schema: z.ZodType<T>, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FleetError('bad-report', `${what} is not JSON: ${excerpt(text)}`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new FleetError('bad-report', `${what}: ${describeIssues(parsed.error, value)}`);
}

/**
 * Parses the text of a node's `/stats`.
 * @param url the node's address, as readers get it
 * @throws FleetError `bad-report`; also for a node-agent below a path, such as `https://host/node7` behind a proxy: all its
 *   addresses begin at the root of the host, so that each of its readers would get 404
 */
export function parseNodeReport(text: string, url: string): NodeStats {
  const stats = parseJson(text, nodeStatsSchema, 'its report');
  const { pathname } = new URL(url);
  if (stats.fleet === undefined || pathname === '/') return stats;
  const why = `readers would be sent below ${excerpt(pathname)}, where a node-agent serves none`;
  throw new FleetError('bad-report', `${why}: give it a host name or a port of its own`);
}

/** `field: what is wrong (was: value)`, the first three of them. */
export function describeIssues(error: z.ZodError, value: unknown): string {
  return error.issues
    .slice(0, 3)
    .map((issue) => {
      const field = issue.path.length === 0 ? 'the whole' : issue.path.map(String).join('.');
      return `${field}: ${issue.message} (was: ${excerpt(JSON.stringify(at(value, issue.path)) ?? 'missing')})`;
    })
    .join('; ');
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let here: unknown = value;
  for (const key of path) {
    if (typeof here !== 'object' || here === null) return undefined;
    here = Reflect.get(here, key);
  }
  return here;
}

function excerpt(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/**
 * The one spelling of a node's address: `https://a/` and `https://a` are the same node.
 * @throws FleetError `bad-request` for anything that is not an http(s) origin with an optional path.
 */
export function normalizeNodeUrl(text: string): string {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new FleetError('bad-request', `url: ${excerpt(JSON.stringify(text))} is not an address`, {
      cause,
      remedy: 'give it as https://node7.example.org',
    });
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new FleetError('bad-request', `url: ${url.protocol}// is not http or https`);
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new FleetError('bad-request', 'url: must not carry a user, a query or a fragment');
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** The default registry id of an address: `node7.example.org`, `127.0.0.1-8001`. */
export function nodeIdFromUrl(url: string): string {
  const { host, pathname } = new URL(url);
  return `${host}${pathname}`
    .replace(/[^a-zA-Z0-9._-]+/g, '-')
    .replace(/^[^a-zA-Z0-9]+|-+$/g, '')
    .slice(0, 63);
}
