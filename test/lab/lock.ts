// A lock between processes, held by the kernel: it is released when its holder ends, however that happens.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs `work` while it holds the file's lock. */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  // The holder reports that it has the lock, and keeps it until its input ends, at the latest with this process.
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
