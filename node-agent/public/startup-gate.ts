// Holds requests while an agent starts. Until it has adopted the sandboxes of its last run, it does not know which exist,
// and the answer "gone" for a living sandbox would be worse than a short wait.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { answerError, answerPage, wantsPage } from '../../shared/http/answer.ts';
import { escapeHtml, type PageMaker } from '../../shared/http/page.ts';
import { retryWithoutScript } from '../../shared/pages/retry.ts';
import { endSocket } from '../../shared/sockets/end-socket.ts';
import { NODE_WORDS } from '../../shared/words/node.ts';

/** Longest time a request is held (ms). When Docker hangs longer, the reader gets a page that reloads itself. */
const MAX_WAIT_MS = 20_000;
const RETRY_AFTER_SECONDS = 3;

export class StartupGate {
  #isOpen = false;
  readonly #waiting = new Set<() => void>();

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Releases all held requests, and lets later ones pass. */
  open(): void {
    this.#isOpen = true;
    for (const go of this.#waiting) go();
    this.#waiting.clear();
  }

  /** Calls `handle` when the node is open, or answers 503 after a while. */
  hold(request: IncomingMessage, response: ServerResponse, handle: () => void): void {
    this.#wait(response, handle, () => refuse(request, response));
  }

  holdUpgrade(socket: Duplex, handle: () => void): void {
    socket.on('error', () => socket.destroy());
    const late = `HTTP/1.1 503 Service Unavailable\r\nRetry-After: ${RETRY_AFTER_SECONDS}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
    this.#wait(socket, handle, () => endSocket(socket, late));
  }

  #wait(
    who: { once(event: 'close', listener: () => void): unknown; readonly destroyed: boolean },
    handle: () => void,
    giveUp: () => void,
  ): void {
    const end = (then: () => void): void => {
      clearTimeout(timer);
      this.#waiting.delete(go);
      if (!who.destroyed) then();
    };
    const go = (): void => end(handle);
    const timer = setTimeout(() => end(giveUp), MAX_WAIT_MS);
    this.#waiting.add(go);
    who.once('close', () => end(() => undefined));
  }
}

function refuse(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('retry-after', String(RETRY_AFTER_SECONDS));
  if (wantsPage(request)) answerPage(response, 503, startingPage);
  else answerError(response, 'starting', NODE_WORDS.en.starting.text);
}

export const startingPage: PageMaker = ({ words: { node: words } }) => ({
  title: words.starting.title,
  head: retryWithoutScript(RETRY_AFTER_SECONDS * 1_000),
  body: `<h1>${escapeHtml(words.starting.title)}</h1><p>${escapeHtml(words.starting.text)}</p>
<p class="dim">${escapeHtml(words.triesAgain)}</p>`,
  script: `setTimeout(() => location.reload(), ${RETRY_AFTER_SECONDS * 1000} * (1 + Math.random()));`,
});
