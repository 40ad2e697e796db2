// The command line that runs the scratchpad: the compiled program, also when we ourselves run from source.
import { fileURLToPath } from 'node:url';

export function scratchpadCommand(): string {
  const fromSource = import.meta.url.endsWith('.ts');
  const main = fromSource ? '../../../dist/node-agent/engine/scratchpad/main.js' : './main.js';
  const program = [process.execPath, fileURLToPath(new URL(main, import.meta.url))].map(quote).join(' ');
  return `${program} --base-path=/{base_path}/ --port={port} --ip={ip}`;
}

/** For a POSIX shell. */
function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
