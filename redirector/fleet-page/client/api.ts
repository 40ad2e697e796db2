// Calls to the control listener this page came from, with the token where one is asked for. It is kept for this tab,
// and travels in a header: an address ends up in logs and histories.

import type { NodeFinding } from '../../../shared/api/finding.ts';
import type { ErrorCode } from '../../../shared/errors.ts';

/** The redirector itself gives a node less. */
const ANSWER_MS = 30_000;

const KEY = 'tmpfleet-control-token';

/** An error of the control API. */
export class ApiError extends Error {
  readonly status: number;
  /** A code of `shared/errors.ts`; empty if a proxy in between answered. */
  readonly code: ErrorCode | '';
  readonly remedy: string;
  readonly findings: readonly NodeFinding[];

  constructor(status: number, answer: ApiAnswer) {
    super(answer.message ?? `the redirector answers ${status}`);
    this.status = status;
    this.code = answer.code ?? '';
    this.remedy = answer.remedy ?? '';
    this.findings = answer.findings ?? [];
  }

  /** Whether the same order with `force` may be taken. */
  get isForceable(): boolean {
    return this.code === 'last-node';
  }
}

/** The parts of an answer that this page reads. */
export interface ApiAnswer {
  readonly code?: ErrorCode;
  readonly message?: string;
  readonly remedy?: string;
  readonly findings?: readonly NodeFinding[];
}

export const token = {
  get: (): string => sessionStorage.getItem(KEY) ?? '',
  set: (value: string): void => sessionStorage.setItem(KEY, value),
  forget: (): void => sessionStorage.removeItem(KEY),
};

/** @param path without a slash at its start: the page may be served below a prefix */
export async function callApi(path: string, options: RequestInit = {}): Promise<Response> {
  const held = token.get();
  const headers = {
    'tmpfleet-actor': 'fleet page',
    ...(held === '' ? {} : { authorization: `Bearer ${held}` }),
  };
  const answer = await fetch(path, { cache: 'no-store', redirect: 'error', ...options, headers });
  if (answer.ok) return answer;
  throw new ApiError(answer.status, await readAnswer(answer));
}

/** @throws ApiError, TypeError when nothing answers, DOMException when nothing does in time */
export async function order(method: 'POST' | 'DELETE', path: string, body?: object): Promise<ApiAnswer> {
  const signal = AbortSignal.timeout(ANSWER_MS);
  const answer = await callApi(path, {
    ...{ method, signal },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return readAnswer(answer);
}

async function readAnswer(answer: Response): Promise<ApiAnswer> {
  try {
    return (await answer.json()) as ApiAnswer;
  } catch {
    // Something in between answered, and not in JSON.
    return {};
  }
}

export function describeApiFailure(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  const isSilence = error instanceof TypeError || error instanceof DOMException;
  return isSilence ? 'the redirector does not answer' : String(error);
}
