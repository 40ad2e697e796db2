// A real terminal for commands that draw on one: tmux, whose screen can be read.
import { ensurePackages } from './install.ts';

/** The path of tmux. */
export async function ensureTerminal(): Promise<string> {
  await ensurePackages(['tmux']);
  return '/usr/bin/tmux';
}
