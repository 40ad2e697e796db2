// The words in which the tables of cases are written.
import type { Step } from './steps.ts';

export interface Case {
  readonly name: string;
  /** What the reader does; `{id}` stands for the sandbox's. */
  readonly send: Step | readonly Step[];
  /** What the sandbox does for each request; `{port}` stands for its own. Default: `OK`. */
  readonly answer?: Step | readonly Step[];
  /** Methods of the requests that want an answer. Default: of what looks like one in `send`. */
  readonly methods?: readonly string[];
  /** Whether the sandbox answers a request when it is whole, or at the end of its head. */
  readonly answersAt?: 'head' | 'end';
  /** The case is over only when the sandbox has no connection any more. */
  readonly untilSandboxLeft?: true;
  /**
   * `fails`: CHP leaves its reader waiting for ever, or an uncaught error ends its process. `unasked`: whether one does is a
   * matter of moments, so that CHP is left out.
   */
  readonly chp?: 'fails' | 'unasked';
}

/** A request with these lines in its head, beside `Host`. */
export function request(method: string, path: string, lines: readonly string[] = [], body = ''): string {
  return `${method} /user/{id}/${path} HTTP/1.1\r\nHost: h\r\n${lines.map((each) => `${each}\r\n`).join('')}\r\n${body}`;
}

export function get(...lines: string[]): string {
  return request('GET', 'x', lines);
}

export function post(lines: readonly string[], body = ''): string {
  return request('POST', 'x', lines, body);
}

/** An answer of the sandbox with these lines in its head. */
export function answer(status: string, lines: readonly string[] = [], body = ''): string {
  return `HTTP/1.1 ${status}\r\nX-From: sandbox\r\n${lines.map((each) => `${each}\r\n`).join('')}\r\n${body}`;
}

export function ok(...lines: string[]): string {
  return answer('200 OK', [...lines, 'Content-Length: 2'], 'ok');
}

export const GET = get();
export const OK = ok();

export function asList<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? value : [value as T];
}

const REQUEST_LINE = /(?:^|\n|[^A-Z])([A-Z]+) \S+ HTTP\/1\.[01]\r\n/g;

export function methodsOf({ methods, send }: Case): readonly string[] {
  if (methods !== undefined) return methods;
  const bytes = asList(send).filter((step) => typeof step === 'string');
  return [...bytes.join('').matchAll(REQUEST_LINE)].map(([, method = '']) => method);
}
