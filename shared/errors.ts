// One error class with a stable code, and one table from code to HTTP status.

/** Every code tmpfleet can fail with, and the HTTP status it turns into where a request is to blame. */
const STATUS = {
  'bad-config': 500,
  'bad-request': 400,
  'body-too-large': 413,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  conflict: 409,
  full: 429,
  unavailable: 503,
  'illegal-transition': 500,
  'port-taken': 500,
  'engine-unavailable': 503,
  'engine-timeout': 503,
  'image-missing': 503,
  'start-failed': 503,
  'bad-report': 502,
  'registry-unreadable': 500,
} as const;

export type ErrorCode = keyof typeof STATUS;

export interface FleetErrorOptions {
  readonly cause?: unknown;
  /** What the person who reads this should do; shown after the message. */
  readonly remedy?: string;
}

/** The only error tmpfleet throws on purpose. `message` names the field and the value; `remedy` says what to do. */
export class FleetError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string | undefined;

  constructor(code: ErrorCode, message: string, options: FleetErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'FleetError';
    this.code = code;
    this.remedy = options.remedy;
  }

  get status(): number {
    return STATUS[this.code];
  }

  /** Below 500 the caller is to blame and may read why; above, only the log may. */
  get expose(): boolean {
    return this.status < 500;
  }
}

/** One line for a log or a terminal: the message, then what caused it, without a stack. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.message === '' ? error.name : error.message;
  const remedy = error instanceof FleetError && error.remedy !== undefined ? `; ${error.remedy}` : '';
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(describeError).join(', ') + remedy;
  }
  return own + remedy;
}

/** The `code` a system or library error carries (`ECONNREFUSED`, `ENOENT` …), if any. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
