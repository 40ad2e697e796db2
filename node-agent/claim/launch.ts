// The launch page, for who asks for a sandbox and has not clicked.
import type { Context } from 'koa';
import { answerPage } from '../../shared/http/answer.ts';
import { joinRequestTarget, splitRequestTarget } from '../../shared/http/request-target.ts';
import type { Visitor } from '../../shared/http/visitor.ts';
import { addressOf, launchPage } from '../../shared/pages/launch-page.ts';
import type { NodeAgentConfig } from '../config.ts';

interface Launch {
  readonly context: Context;
  /** As requested, without our parameters. */
  readonly path: string;
  readonly query: string;
}

export function answerLaunchPage(launch: Launch, visitor: Visitor, config: NodeAgentConfig): void {
  const [action, address] = [launchAction(launch), publicAddress(launch, config)];
  answerPage(launch.context.res, 200, launchPage({ preview: config, action, address, visitor }));
}

/** The launch page posts to the requested address, with its ticket, so that nothing is lost on the way. */
export function launchAction({ path, context }: Pick<Launch, 'path' | 'context'>): string {
  const { query } = splitRequestTarget(context.req.url ?? '/');
  return `${path}${query === '' ? '' : `?${query}`}`;
}

/** What previews show: the front, which outlives this node, and no ticket. */
function publicAddress(
  { path, query, context }: Launch,
  { frontUrl, trustProxy }: Pick<NodeAgentConfig, 'frontUrl' | 'trustProxy'>,
): string | undefined {
  const target = joinRequestTarget({ path, query });
  return frontUrl === '' ? addressOf(context.req, target, trustProxy) : `${frontUrl}${target}`;
}
