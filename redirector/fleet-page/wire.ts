// What the fleet page's server tells its script, and anybody else who asks. A leaf: both sides import it.

/** How many slots are in which state; together they are the capacity. */
export interface Slots {
  readonly held: number;
  readonly warm: number;
  readonly starting: number;
  readonly removing: number;
  readonly free: number;
}

export interface NodeRow {
  readonly id: string;
  readonly url: string;
  readonly answers: 'unknown' | 'reachable' | 'unreachable';
  /** Of `answers`, ms since 1970. */
  readonly since: number;
  /** As last reported; null when it never did. */
  readonly state: 'ready' | 'cordoned' | 'draining' | 'drained' | null;
  /** A plain tmpnb node: it takes no orders and tells only how many are taken. */
  readonly plain: boolean;
  readonly reason: string | null;
  readonly capacity: number;
  readonly slots: Slots;
  readonly version: string | null;
  readonly image: string | null;
  /** By when a drain ends, ms since 1970. */
  readonly drainDeadline: number | null;
  /** Whether the drain that is over had to end readers. */
  readonly drainForced: boolean;
}

/** Ten seconds of the fleet: what came in them, and how it was at their end. */
export interface Bucket {
  /** When it begins, s since 1970. */
  readonly t: number;
  /** Readers and programs that came, each once however often they were sent on. */
  readonly arrivals: number;
  /** Readers whom a node sent back. */
  readonly bounces: number;
  /** Those for whom there was no room. */
  readonly refused: number;
  /** The most who were held at one time. */
  readonly waiting: number;
  /** Sandboxes in use on the nodes that answer. */
  readonly held: number;
  readonly capacity: number;
}

/** `GET /api/history` */
export interface HistoryAnswer {
  readonly bucket_seconds: number;
  readonly span_seconds: number;
  readonly buckets: readonly Bucket[];
}

/** One event of `GET /api/events`. */
export interface FleetUpdate {
  /** ms since 1970, by the server's clock. */
  readonly at: number;
  readonly version: string;
  /** Whether `nodes` is all there are; otherwise those that changed since the last event. */
  readonly whole: boolean;
  readonly nodes: readonly NodeRow[];
  /** Ids of those that left. */
  readonly gone: readonly string[];
  /** Age of each node's last report, in seconds; none for a node that never reported. */
  readonly ages: Readonly<Record<string, number>>;
  /** Readers who are held just now. */
  readonly waiting: number;
  readonly bucket: Bucket | null;
}
