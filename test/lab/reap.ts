// Removes everything that is left of an engine: processes, mounts, network, firewall rules, data. Synchronous, so that
// it also works at process exit; and by the engine's own record, so that the next run cleans up after a killed one.
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { removeNetworkSync } from './docker/engine-network.ts';
import { killEngine, startTime } from './docker/engine-processes.ts';
import { clearFirewall } from './docker/firewall.ts';
import { scratchDirs } from './places.ts';
import { progress, tryRunSync } from './run.ts';

export const recordSchema = z.object({
  range: z.number().int(),
  network: z.enum(['machine', 'own']),
  firewall: z.object({
    forwarding: z.string(),
    forwardPolicy: z.string(),
    rules: z.record(z.string(), z.array(z.string()).readonly()),
  }),
});
export type EngineRecord = z.infer<typeof recordSchema>;

/**
 * The name of the record has the engine's owner (a pid alone may belong to another process later), because only one
 * process can rename it: of two that find a dead process's engine, one renames it, and reaps.
 */
export function writeRecord(dir: string, record: EngineRecord): void {
  writeFileSync(join(dir, ownRecord()), JSON.stringify(record));
}

/** Removes leftovers of earlier runs whose process is gone. */
export function reapStale(): void {
  for (const { dir, name, record } of recordedEngines()) {
    if (isOwned(name) || !takeOver(dir, name)) continue;
    progress(`cleaning up after an earlier run (${basename(dir)})`);
    reap(dir, record);
  }
}

export interface RecordedEngine {
  readonly dir: string;
  readonly name: string;
  readonly record: EngineRecord;
}

/** The records of all engines that run now, or should have been reaped. */
export function recordedEngines(): readonly RecordedEngine[] {
  const dirs = scratchDirs().flatMap((parent) => list(parent).map((name) => join(parent, name)));
  return dirs.flatMap((dir) =>
    list(dir).flatMap((name) => {
      const record = RECORD_NAME.test(name) ? readRecord(join(dir, name)) : undefined;
      return record === undefined ? [] : [{ dir, name, record }];
    }),
  );
}

const RECORD_NAME = /^record-(\d+)-(\d+)\.json$/;

function ownRecord(): string {
  return `record-${process.pid}-${startTime(process.pid)}.json`;
}

function isOwned(name: string): boolean {
  const [, pid, started] = RECORD_NAME.exec(name) ?? [];
  return startTime(Number(pid)) === started;
}

function takeOver(dir: string, name: string): boolean {
  try {
    renameSync(join(dir, name), join(dir, ownRecord()));
    return true;
  } catch {
    return false;
  }
}

function list(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

export function reap(dir: string, record: EngineRecord): void {
  killEngine(dir, record.range);
  unmountBelow(dir);
  if (record.network === 'machine') clearFirewall(record.range, record.firewall);
  removeNetworkSync(record.range);
  rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

function readRecord(path: string): EngineRecord | undefined {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}

function unmountBelow(dir: string): void {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .flatMap((line) => line.split(' ')[4] ?? [])
    .filter((path) => path.startsWith(`${dir}/`));
  for (const path of mounts.reverse()) tryRunSync('umount', ['-l', path]);
}
