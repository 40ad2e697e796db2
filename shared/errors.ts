// One error class with a stable code, and one table from code to HTTP status and meaning.

interface ErrorKind {
  /** The HTTP status of an answer with this code. */
  readonly status: number;
  /** When it happens: OpenAPI's refusals and docs/reference/errors.md are made from this. */
  readonly meaning: string;
  /** Whether the message stays in the log: it may name files, addresses or other things of this host. */
  readonly isPrivate?: true;
}

/** Every error code of tmpfleet. Codes are stable: programs decide by them, never by a message. */
export const ERRORS = {
  'bad-request': { status: 400, meaning: 'the body, a parameter or the address is malformed' },
  unauthorized: { status: 401, meaning: 'the token is missing or wrong' },
  forbidden: { status: 403, meaning: 'the caller may not do this, with any token' },
  'not-owner': { status: 403, meaning: "the request does not show the sandbox's key; see `POST /api/spawn`" },
  'not-found': { status: 404, meaning: 'no node or sandbox has this name' },
  'no-such-path': { status: 404, meaning: 'the API has nothing at this path' },
  'sandbox-gone': { status: 404, meaning: 'the sandbox was removed, or never existed' },
  'method-not-allowed': { status: 405, meaning: 'the path exists, but not for this method' },
  conflict: { status: 409, meaning: 'the current state does not allow it' },
  'already-exists': { status: 409, meaning: 'a node with this name or address is in the fleet already' },
  'last-node': {
    status: 409,
    meaning: 'it is the last node that takes readers; the order needs `{"force":true}`',
  },
  'node-in-use': { status: 409, meaning: 'the node has, or may have, sandboxes in use' },
  'wrong-state': { status: 409, meaning: "the node's state does not allow this order" },
  'no-secret': { status: 409, meaning: 'the front has no fleet secret, so nodes take no orders from it' },
  'plain-node': { status: 409, meaning: 'the node is a plain tmpnb node, which takes no orders' },
  'cannot-start': { status: 409, meaning: 'the node reports that it cannot start sandboxes' },
  'cannot-save': {
    status: 409,
    meaning: 'the files of the sandbox cannot be packed, or are more than the limits; the message says why',
  },
  'body-too-large': { status: 413, meaning: 'the body is longer than the limit' },
  'not-a-node': { status: 422, meaning: 'the server at this address is not a node' },
  'wrong-secret': { status: 422, meaning: 'the node and the front have different fleet secrets' },
  'clock-skew': { status: 422, meaning: "the node's clock and the front's are too far apart" },
  full: { status: 429, meaning: 'every sandbox is taken; see `Retry-After`' },
  'too-many-requests': {
    status: 429,
    meaning: 'the client has asked for too many sandboxes in a short time; see `Retry-After`',
  },
  'too-many-sandboxes': {
    status: 429,
    meaning: 'the client holds too many sandboxes of the node; see `Retry-After`',
  },
  'too-many-places': {
    status: 429,
    meaning: 'the client has too many readers in line; see `Retry-After`',
  },
  'proof-of-work': {
    status: 429,
    meaning: 'the fleet is nearly full, and a new sandbox costs a proof of work; the body has a `challenge`',
  },
  'too-many-connections': {
    status: 429,
    meaning: 'the client, or the sandbox, has too many connections open; see `Retry-After`',
  },
  internal: { status: 500, meaning: 'an unexpected fault; the log has the details', isPrivate: true },
  'bad-config': { status: 422, meaning: 'the configuration is invalid' },
  'illegal-transition': {
    status: 500,
    meaning: 'a sandbox cannot make this change of state',
    isPrivate: true,
  },
  'port-taken': { status: 500, meaning: 'the port cannot be listened on', isPrivate: true },
  'registry-unreadable': {
    status: 500,
    meaning: 'the registry of nodes cannot be read or written',
    isPrivate: true,
  },
  'bad-report': { status: 502, meaning: 'a node or a front sent an invalid answer' },
  'node-unreachable': { status: 502, meaning: 'the node did not answer' },
  'node-refused': { status: 502, meaning: 'the node answered, but refused the request' },
  'sandbox-error': { status: 502, meaning: 'the connection to the sandbox broke' },
  unavailable: { status: 503, meaning: 'not possible now; try again later' },
  'registry-unreachable': { status: 503, meaning: 'the shared registry of nodes does not answer' },
  'no-room': { status: 503, meaning: 'every sandbox of the fleet is taken; see `Retry-After`' },
  'no-node-answers': { status: 503, meaning: 'no node of the fleet answers; see `Retry-After`' },
  'no-nodes': { status: 503, meaning: 'the fleet has no nodes yet' },
  starting: { status: 503, meaning: 'the node is starting; see `Retry-After`' },
  'sandbox-stopped': { status: 503, meaning: "the sandbox's program has ended" },
  'engine-unavailable': { status: 503, meaning: 'the container engine cannot be used', isPrivate: true },
  'engine-timeout': { status: 503, meaning: 'the container engine did not answer in time', isPrivate: true },
  'image-missing': { status: 503, meaning: 'the image is missing and cannot be pulled', isPrivate: true },
  'start-failed': { status: 503, meaning: 'a sandbox did not start', isPrivate: true },
  'sandbox-timeout': { status: 504, meaning: 'the sandbox did not answer in time' },
} as const satisfies Readonly<Record<string, ErrorKind>>;

export type ErrorCode = keyof typeof ERRORS;

function isErrorCode(name: string): name is ErrorCode {
  return Object.hasOwn(ERRORS, name);
}

/** All codes, in the order of the table. */
export const ERROR_CODES: readonly ErrorCode[] = Object.keys(ERRORS).filter(isErrorCode);

export interface FleetErrorOptions {
  readonly cause?: unknown;
  /** What the reader of the message should do; shown after it. */
  readonly remedy?: string;
  /** When the caller may try again; sent as `Retry-After`. */
  readonly retryAfterMs?: number;
  /** Further fields of the error's body on the wire. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The only error tmpfleet throws on purpose. `message` names the field and the value; `remedy` says what to do. */
export class FleetError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: FleetErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'FleetError';
    this.code = code;
    this.remedy = options.remedy;
    this.retryAfterMs = options.retryAfterMs;
    this.details = options.details ?? {};
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  /** Whether the caller may read the message; otherwise it is for the log. */
  get expose(): boolean {
    const kind: ErrorKind = ERRORS[this.code];
    return kind.isPrivate !== true;
  }
}

/** One line for a log or a terminal: the message, then its cause, without a stack. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.message === '' ? error.name : error.message;
  const remedy = error instanceof FleetError && error.remedy !== undefined ? `; ${error.remedy}` : '';
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(describeError).join(', ') + remedy;
  }
  return own + remedy;
}

/** The `code` of a system or library error (`ECONNREFUSED`, `ENOENT` …), if it has one. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
