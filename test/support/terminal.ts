// A real terminal for a command: tmux's, on a socket of its own; a test types into it and reads its screen.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../lab/run.ts';
import { until } from './until.ts';

export interface Terminal {
  /** Its lines, without blanks at their ends; with `colours`, including escape sequences. */
  picture(options?: { readonly colours?: boolean }): Promise<string>;
  /** Waits until the picture matches, and returns it. */
  shows(pattern: RegExp, ms?: number): Promise<string>;
  /** Text, or a key by its name in tmux (`Enter`, `Tab`, `C-c`). */
  type(...keys: readonly string[]): Promise<void>;
  /** Whether the cursor can be seen. */
  hasCursor(): Promise<boolean>;
  resize(columns: number, rows: number): Promise<void>;
  end(): Promise<void>;
}

export interface TerminalOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly columns?: number;
  readonly rows?: number;
}

/** @param command a line for sh */
export async function openTerminal(
  command: string,
  { env = {}, columns = 110, rows = 24 }: TerminalOptions = {},
): Promise<Terminal> {
  const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-terminal-'));
  const tmux = (...args: readonly string[]): Promise<string> =>
    run('tmux', ['-S', join(dir, 'socket'), '-f', '/dev/null', ...args], {
      env: { LC_ALL: 'C.UTF-8', TERM: 'xterm-256color', ...env },
    });
  const size = ['-x', String(columns), '-y', String(rows)];
  const given = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  await tmux('new-session', '-d', ...size, ...given, command);
  const picture = async (options: { readonly colours?: boolean } = {}): Promise<string> =>
    tmux('capture-pane', '-p', ...(options.colours === true ? ['-e'] : []));
  return {
    picture,
    shows: (pattern, ms) =>
      until(
        `the terminal shows ${pattern}`,
        async () => {
          const seen = await picture();
          if (!pattern.test(seen)) throw new Error(`it shows:\n${seen}`);
          return seen;
        },
        ms,
      ),
    type: async (...keys) => {
      await tmux('send-keys', '--', ...keys);
    },
    hasCursor: async () => (await tmux('display-message', '-p', '#{cursor_flag}')).trim() === '1',
    resize: async (toColumns, toRows) => {
      await tmux('resize-window', '-x', String(toColumns), '-y', String(toRows));
    },
    end: async () => {
      await tmux('kill-server').catch(() => undefined);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
