// What the demo says and does about sandboxes that do not start: their last words, then the scratchpad instead of Jupyter.
import { SCRATCHPAD } from '../../node-agent/engine/scratchpad/command.ts';
import type { Child } from './child.ts';

/** One failed start is bad luck; after this many on a node on which nothing ever started, another command is tried. */
const FAILURES_BEFORE_FALLBACK = 3;

export interface FailedStartsOptions {
  readonly nodes: readonly Pick<Child, 'restartWith'>[];
  /** What the sandboxes run, where a message should not call it by its command. */
  readonly runs?: string | undefined;
  /** Whether the sandboxes' command was the demo's own choice; one that the user gave is not replaced. */
  readonly mayFallBack: boolean;
}

export interface FailedStarts {
  readonly node: Pick<Child, 'name' | 'startFailure'>;
  /** Of this node. */
  readonly failed: number;
  /** What the sandboxes run, for a message. */
  readonly runs: string;
}

/** `explain` is given each node's failures, and answers what to say about them, once. */
export function watchFailedStarts({ nodes, runs: called, mayFallBack }: FailedStartsOptions) {
  let isExplained = false;
  let hasGivenUp = false;
  const explain = ({ node, failed, runs }: FailedStarts): readonly string[] => {
    const lines: string[] = [];
    const why = isExplained ? undefined : node.startFailure();
    if (why !== undefined) {
      isExplained = true;
      lines.push(
        `  A sandbox of ${node.name} failed to start:`,
        ...why.split('\n').map((line) => `    ${line}`),
      );
    }
    if (failed < FAILURES_BEFORE_FALLBACK || hasGivenUp) return lines;
    hasGivenUp = true;
    if (!mayFallBack)
      return [...lines, '  No sandbox starts. The nodes go on trying; Ctrl-C stops the demo.'];
    for (const other of nodes) other.restartWith(['--command', SCRATCHPAD, '--prime', '']);
    return [
      ...lines,
      `  The command "${called ?? runs}" does not start here: using the scratchpad (JavaScript) instead.`,
    ];
  };
  return { explain, hasGivenUp: () => hasGivenUp };
}
