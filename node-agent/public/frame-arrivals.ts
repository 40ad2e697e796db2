// Answers addresses that a claim in a frame was redirected to (ownership/arrival-marks.ts). The owner goes on to the address
// without its mark. A browser that has not kept the key could not show the sandbox: that is given to others again, and the
// page opens the same place in a tab, where browsers keep cookies.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerPage } from '../../shared/http/answer.ts';
import { serverTimingHeaders } from '../../shared/reader-times/server-timing.ts';
import { type AccessRules, mayOpen } from '../ownership/access.ts';
import { type ArrivalMarks, isFramed, splitMark } from '../ownership/arrival-marks.ts';
import { parseSandboxPath } from '../proxy/path.ts';
import type { Sandbox, SandboxTable } from '../sandboxes/table.ts';
import { newNotebookAddress, noCookiesPage } from './error-page.ts';

export interface FrameArrivalsOptions {
  readonly marks: ArrivalMarks;
  readonly table: Pick<SandboxTable, 'get'>;
  readonly rules: AccessRules;
  /** Gives back a sandbox that its reader has not used and cannot use. */
  readonly giveBack: (sandbox: Sandbox) => void;
  /** Where new notebooks are opened; empty where that is the page's own host. */
  readonly homeOf: (request: IncomingMessage) => string;
  readonly count: (outcome: 'no-cookies') => void;
}

export class FrameArrivals {
  readonly #options: FrameArrivalsOptions;

  constructor(options: FrameArrivalsOptions) {
    this.#options = options;
  }

  /** False for an address without a mark. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const marked = splitMark(request.url ?? '');
    const path = marked === undefined ? undefined : parseSandboxPath(marked.url);
    if (marked === undefined || typeof path !== 'object') return false;
    const { marks, table, rules, giveBack, homeOf, count } = this.#options;
    const sandbox = table.get(path.id);
    // Another who shows the mark, such as a program that fetches addresses it has seen, does not use it up.
    if (sandbox !== undefined && isFramed(request) && marks.redeem(sandbox, marked.mark)) {
      if (mayOpen(request, marked.url, sandbox, rules) === 'stranger') {
        giveBack(sandbox);
        count('no-cookies');
        answerPage(response, 403, noCookiesPage(`${homeOf(request)}${newNotebookAddress(marked.url)}`));
        return true;
      }
    }
    const isLook = request.method === 'GET' || request.method === 'HEAD';
    response.writeHead(isLook ? 302 : 307, {
      location: marked.url.replace(/^\/+/, '/'),
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'content-length': '0',
      ...serverTimingHeaders(response),
    });
    response.end();
    return true;
  }
}
