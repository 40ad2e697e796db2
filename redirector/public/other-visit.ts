// What a visitor gets who has not clicked: the launch page, or the address of a node. Nothing is counted, and no ticket is given.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerPage, wantsPage } from '../../shared/http/answer.ts';
import { joinRequestTarget, type RequestTarget } from '../../shared/http/request-target.ts';
import type { Visitor } from '../../shared/http/visitor.ts';
import { addressOf, launchPage } from '../../shared/pages/launch-page.ts';
import type { RedirectOptions } from './redirect.ts';
import { redirectTo } from './redirect-to.ts';

export type OtherVisitOptions = Pick<
  RedirectOptions,
  'dispatcher' | 'preview' | 'trustProxy' | 'refuse' | 'countLaunchPage'
>;

export interface OtherVisit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Without our ticket. */
  readonly target: RequestTarget;
  readonly visitor: Visitor;
  readonly tried: readonly string[] | undefined;
}

/** For a visitor who is not a reader on their way: nothing is counted, and no ticket is given. */
export function answerOther(options: OtherVisitOptions, visit: OtherVisit): void {
  const { dispatcher } = options;
  const { request, response, target, visitor } = visit;
  const address = joinRequestTarget(target);
  const view = hasOwnPage(visit, dispatcher.usesTickets)
    ? undefined
    : dispatcher.chooseForVisitor(visit.tried);
  // A plain tmpnb node has no launch page: each request that reaches it takes a sandbox.
  if (view?.stats?.fleet !== undefined) redirectTo(response, view.member.url + address);
  else if (view === undefined && !hasOwnPage(visit, dispatcher.usesTickets)) {
    options.refuse(request, response, dispatcher.refusalReason(), address);
  } else {
    options.countLaunchPage(visitor);
    const { preview, trustProxy } = options;
    const ours = addressOf(request, address, trustProxy);
    answerPage(response, 200, launchPage({ preview, action: address, address: ours, visitor }));
  }
}

/**
 * Whether the visitor gets the front's own launch page, not the one of a node. Without tickets, a node could not know that
 * a reader in a frame has pressed the button here, and would show them a second one.
 */
function hasOwnPage({ request, visitor }: OtherVisit, usesTickets: boolean): boolean {
  if (visitor === 'frame') return usesTickets;
  return visitor === 'cross-site' || (visitor === 'unknown' && wantsPage(request));
}
