// Announces a sandbox's deadline in its responses: a header, and near the deadline a banner.
import type { NodeAgentConfig } from '../config.ts';
import type { ReaderNotice } from '../proxy/types.ts';
import { DEADLINE_HEADER, findDeadline, isWorthTelling } from '../sandboxes/deadline.ts';
import type { Sandbox } from '../sandboxes/table.ts';
import { deadlineBanner } from './deadline-banner.ts';

export interface NoticeOptions {
  readonly config: Pick<NodeAgentConfig, 'maxAgeMs' | 'banner'>;
  /** When the node's drain ends its readers, ms since 1970; null when there is none. */
  readonly drainDeadline: number | null;
  /** ms since 1970 */
  readonly now: number;
}

/** @param sandbox with times on the wall clock */
export function deadlineNotice(
  sandbox: Sandbox | undefined,
  { config, drainDeadline, now }: NoticeOptions,
): ReaderNotice | undefined {
  const deadline = sandbox === undefined ? undefined : findDeadline(sandbox, drainDeadline, config.maxAgeMs);
  if (deadline === undefined) return undefined;
  const header = [DEADLINE_HEADER, new Date(deadline.at).toISOString()] as const;
  if (!config.banner || !isWorthTelling(deadline, now)) return { header };
  return { header, banner: deadlineBanner(deadline, now) };
}
