// What the demo shows of a process that does not start.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lastLines } from '../../../cli/demo/child-log.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tmpfleet-log-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const PULLING = '{"level":30,"time":"2026-01-01T00:00:00.000Z","image":"x","msg":"pulling the image"}';
const shown = (...lines: readonly string[]): string => {
  const log = join(dir, 'log');
  writeFileSync(log, `${lines.join('\n')}\n`);
  return lastLines({ log });
};

test('the reason is shown in the words of the program, without lines of JSON', () => {
  expect(shown(PULLING, PULLING, 'tmpfleet: x could not be pulled: no such host')).toBe(
    '    x could not be pulled: no such host',
  );
});

test('a process that ended without a word shows the messages of its log', () => {
  expect(shown(PULLING)).toBe('    pulling the image');
});
