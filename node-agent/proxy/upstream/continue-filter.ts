// Takes `100 Continue` out of what a sandbox sends. A client must accept one that it did not ask for (RFC 9110 §15.2.1);
// undici ends the connection instead. Looks at the heads of interim responses only.

/** Where the status code begins in `HTTP/1.1 200 OK`. */
const STATUS_AT = 9;
const ONE = 0x31;
const END = '\r\n\r\n';
const MAX_PENDING_BYTES = 64 * 1024;
/** Further ones are passed on, and so fail the request. */
const MAX_CONTINUES = 16;

/** Whether a response whose first bytes these are is certainly no interim one. */
export function isFinal(chunk: Buffer): boolean {
  return chunk.length > STATUS_AT && chunk[STATUS_AT] !== ONE;
}

/** For one response: chunks must be given in order, until `isDone`. */
export class ContinueFilter {
  #pending: Buffer | undefined;
  #continues = 0;
  #isDone = false;

  /** The final response's head has begun: what follows need not be given. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** The chunk without heads of `100 Continue`; null when nothing is left of it, or more is needed to tell. */
  pass(chunk: Buffer): Buffer | null {
    let rest = this.#pending === undefined ? chunk : Buffer.concat([this.#pending, chunk]);
    this.#pending = undefined;
    const passed: Buffer[] = [];
    while (rest.length > STATUS_AT) {
      const end = rest[STATUS_AT] === ONE ? rest.indexOf(END) : 0;
      if (end < 0 && rest.length < MAX_PENDING_BYTES) break;
      const status = rest.toString('latin1', STATUS_AT, STATUS_AT + 3);
      if (end <= 0 || status === '101' || this.#continues === MAX_CONTINUES) {
        this.#isDone = true;
        return passed.length === 0 ? rest : Buffer.concat([...passed, rest]);
      }
      const head = rest.subarray(0, end + END.length);
      if (status === '100') this.#continues += 1;
      else passed.push(head);
      rest = rest.subarray(head.length);
    }
    if (rest.length > 0) this.#pending = rest;
    return passed.length === 0 ? null : Buffer.concat(passed);
  }
}
