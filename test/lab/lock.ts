// A lock between processes, held by the kernel: it goes when its holder does, however that ends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs `work` while nobody else has the file's lock. */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  // Says when it has the lock, and keeps it until its input ends, as it does at the latest when we do.
  const holder = spawn('flock', [path, 'sh', '-c', 'echo locked; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(holder, 'close');
  await Promise.race([
    once(holder.stdout, 'data'),
    ended.then(([code]) => Promise.reject(new Error(`flock ended with ${code}`))),
  ]);
  holder.stdout.resume();
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}
