// What goes wrong between the proxy and a sandbox, beside errors of the system such as `ECONNREFUSED`.

export type UpstreamErrorCode =
  /** The sandbox closed the connection, or reset it. */
  | 'UPSTREAM_CLOSED'
  /** We closed it, because the sandbox was removed or has another address. */
  | 'UPSTREAM_DESTROYED'
  /** The sandbox did not begin its response in time. */
  | 'UPSTREAM_TIMEOUT'
  /** The sandbox does not speak HTTP as RFC 9112 has it. */
  | 'UPSTREAM_MALFORMED'
  /** The reader's request cannot be written to a sandbox. */
  | 'REQUEST_MALFORMED';

export class UpstreamError extends Error {
  readonly code: UpstreamErrorCode;

  constructor(code: UpstreamErrorCode, message: string) {
    super(message);
    this.name = 'UpstreamError';
    this.code = code;
  }
}

/** @param fault what is wrong with the response, as the end of a sentence */
export function malformed(fault: string): UpstreamError {
  return new UpstreamError('UPSTREAM_MALFORMED', `the sandbox's response has ${fault}`);
}
