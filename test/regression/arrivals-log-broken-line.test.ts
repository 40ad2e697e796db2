// A disk that was full in the middle of a line of --arrivals-log: the first line after it went on in the same line, and was lost, too.
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { ArrivalsLog } from '../../shared/arrivals-log.ts';
import { systemClock } from '../../shared/clock.ts';
import { until } from '../support/until.ts';

test('a line after one that was broken off is a line of its own', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-arrivals-'));
  const file = join(dir, 'arrivals');
  // A pipe takes 64 KiB, and then nothing until somebody has read: as a disk that is full for a while.
  execFileSync('mkfifo', [file]);
  const reader = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  onTestFinished(() => {
    closeSync(reader);
    rmSync(dir, { recursive: true, force: true });
  });
  const read = (): string => {
    const buffer = Buffer.alloc(1024 * 1024);
    return buffer.toString('utf8', 0, readSync(reader, buffer));
  };
  const log: string[] = [];
  const logger = pino({}, { write: (line) => void log.push(line) });
  const arrivals = new ArrivalsLog({
    config: { arrivalsLog: file },
    program: 'front',
    clock: systemClock,
    logger,
  });
  const arrive = (outcome: string): void => arrivals.record({ path: '/', outcome, tookMs: 1 });
  for (let count = 0; count < 2_000; count += 1) arrive('early');
  await until('the pipe is full', () => log.some((line) => line.includes('cannot be written')));
  let written = read();
  arrive('late');
  await arrivals.close();
  written += read();
  const lines = written.trimEnd().split('\n');
  expect(() => JSON.parse(lines.at(-2) ?? '')).toThrow();
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ outcome: 'late' });
});
