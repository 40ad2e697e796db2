// Whether a claim reached its reader. A sandbox that no answer has named goes back to the pool: otherwise readers who hang
// up at once, or a loop that does so on purpose, would cost a start each.
import type { ServerResponse } from 'node:http';
import type { Sandbox } from '../sandboxes/table.ts';

interface Undelivered {
  /** Answers that are to name the sandbox, and whose connection is open. */
  answers: number;
  /** A part of an answer was sent: its reader may know the sandbox. */
  sent: boolean;
}

export class Deliveries {
  readonly #release: (sandbox: Sandbox) => void;
  readonly #undelivered = new WeakMap<Sandbox, Undelivered>();

  /** @param release puts a claimed sandbox back */
  constructor(release: (sandbox: Sandbox) => void) {
    this.#release = release;
  }

  /**
   * To be called for a sandbox that was claimed just now, before an answer names it. When the connections of all its
   * answers end before a byte was sent, the sandbox is released. When bytes were sent but may not have arrived, it stays
   * claimed: its lease ends it.
   */
  claimed(sandbox: Sandbox, response: ServerResponse): void {
    this.#undelivered.set(sandbox, { answers: 0, sent: false });
    this.named(sandbox, response);
  }

  /** Another answer names the sandbox, which was claimed before. */
  named(sandbox: Sandbox, response: ServerResponse): void {
    const claim = this.#undelivered.get(sandbox);
    if (claim === undefined) return;
    claim.answers += 1;
    const over = (): void => {
      claim.answers -= 1;
      claim.sent ||= response.headersSent;
      if (claim.answers > 0 || this.#undelivered.get(sandbox) !== claim) return;
      this.#undelivered.delete(sandbox);
      if (!claim.sent) this.#release(sandbox);
    };
    if (response.closed) over();
    else response.once('close', over);
  }
}
