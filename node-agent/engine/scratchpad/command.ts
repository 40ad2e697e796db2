// The command line of the scratchpad: the compiled program, even when the agent itself runs from source.
import { fileURLToPath } from 'node:url';

/** `--command scratchpad` names the built-in scratchpad. */
export const SCRATCHPAD = 'scratchpad';

export function scratchpadCommand(): string {
  const fromSource = import.meta.url.endsWith('.ts');
  const main = fromSource ? '../../../dist/node-agent/engine/scratchpad/main.js' : './main.js';
  const program = [process.execPath, fileURLToPath(new URL(main, import.meta.url))].map(quote).join(' ');
  return `${program} --base-path=/{base_path}/ --port={port} --ip={ip}`;
}

/** Quotes for a POSIX shell. */
function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
