// Which processes there are, by something in their environment or command line. Linux's /proc.
import { readdirSync, readFileSync } from 'node:fs';

/** Pids of living processes whose command line or environment holds `text`; ourselves left out. */
export function processesWith(text: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => ['cmdline', 'environ'].some((file) => read(`/proc/${pid}/${file}`).includes(text)))
    .filter((pid) => !/^State:\s+Z/m.test(read(`/proc/${pid}/status`)))
    .map(Number);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // Gone meanwhile, or not ours to read.
    return '';
  }
}
