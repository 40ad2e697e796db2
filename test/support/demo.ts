// The demo as its user runs it, in a temporary directory of its own, so that a test can see what it leaves.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processesWith } from './processes.ts';
import { type Run, tmpfleet } from './tmpfleet.ts';
import { describeOnFailure, snapshotOf } from './until.ts';

export interface Demo extends Run {
  /** Where it keeps its files; sandboxes' homes are below it too, so it marks every process of the demo. */
  readonly dir: string;
  /** The address to click, once it is printed. */
  front(ms?: number): Promise<string>;
  /** The control listener of the front. */
  control(): string;
  /** The first node's control listener. */
  nodeControl(): string;
  /** Pids of all its processes, sandboxes too, without the demo's own. */
  processes(): readonly number[];
  /** Its remaining files. */
  files(): readonly string[];
  /** Stops it and removes its directory. */
  end(): Promise<void>;
}

/** Has the demo choose the command itself: Jupyter, where it is installed. */
export const OWN_CHOICE = ['--command', ''] as const;

/** Sandboxes of the local engine are scratchpads unless a command is given, also on a host that has Jupyter. */
export function startDemo(args: readonly string[], env: Readonly<Record<string, string>> = {}): Demo {
  const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-test-'));
  const isOpen = args.includes('local') && !args.includes('--command') && env.TMPFLEET_COMMAND === undefined;
  const command = isOpen ? ['--command', 'scratchpad'] : [];
  const run = tmpfleet(['demo', '--port', '0', ...args, ...command], { ...env, TMPDIR: dir });
  const find = (pattern: RegExp): string => pattern.exec(run.output())?.[1] ?? '';
  const control = (): string => find(/node ls --front (http:\S+)/);
  const endDescribing = describeOnFailure(() => snapshotOf(`${control()}/api/nodes`));
  void run.ended.then(endDescribing);
  return {
    ...run,
    dir,
    front: async (ms = 60_000) => (await run.printed(/Click: {2}(http:\/\/[^/\s]+)\/\S*\n/, ms))[1] ?? '',
    control,
    nodeControl: () => find(/sandbox ls --node (http:\S+)/),
    processes: () => processesWith(dir).filter((pid) => pid !== run.pid),
    files: () => readdirSync(dir),
    end: async () => {
      await run.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
