// A reader who waits for `100 Continue` before it sends a body (RFC 9110 §10.1.1). The word is the sandbox's: one that
// refuses at the head is heard first. Only when the sandbox says nothing, as one that does not know of it, it is ours.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { askForBody, isExpecting } from '../../shared/http/read-body.ts';

/** How long a sandbox may be silent, ms. curl sends its body after as long. */
const TIMEOUT_MS = 1_000;

export class Expectation {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #timeoutMs: number;
  #timer: NodeJS.Timeout | undefined;
  #isMet = false;

  private constructor(request: IncomingMessage, response: ServerResponse, timeoutMs: number) {
    this.#request = request;
    this.#response = response;
    this.#timeoutMs = timeoutMs;
  }

  /** Undefined when the reader does not wait. @param request has a body */
  static of(
    request: IncomingMessage,
    response: ServerResponse,
    timeoutMs = TIMEOUT_MS,
  ): Expectation | undefined {
    return isExpecting(request) ? new Expectation(request, response, timeoutMs) : undefined;
  }

  /** The sandbox gets the head now. */
  begin(): void {
    this.#timer = setTimeout(() => this.meet(), this.#timeoutMs);
    this.#response.once('close', () => this.end());
  }

  /** Asks the reader for the body, once, and only as long as it may wait. */
  meet(): void {
    this.end();
    if (this.#isMet || this.#request.complete || this.#response.headersSent || this.#response.destroyed)
      return;
    this.#isMet = true;
    askForBody(this.#request, this.#response);
  }

  /** The final response is there. */
  end(): void {
    clearTimeout(this.#timer);
  }
}
