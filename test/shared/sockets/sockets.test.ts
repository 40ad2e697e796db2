// The room that a limit of open files leaves, and counts of what is open.
import { expect, test } from 'vitest';
import { OpenCounts } from '../../../shared/collections/open-counts.ts';
import { descriptorLimit, roomForConnections } from '../../../shared/sockets/descriptors.ts';

test.each([
  [512, 1, { readers: 384, control: 64 }],
  [512, 2, { readers: 192, control: 64 }],
  [100, 1, { readers: 50, control: 25 }],
  [262_144, 2, { readers: 114_688, control: 16_384 }],
  [undefined, 1, { readers: Number.POSITIVE_INFINITY, control: Number.POSITIVE_INFINITY }],
])('a limit of %s open files at %i for each connection leaves %j', (limit, each, room) => {
  expect(roomForConnections(limit, each)).toEqual(room);
});

test('the limit of this process is read', () => {
  expect(descriptorLimit()).toBeGreaterThan(100);
});

test('a key opens no more than its most, and each is taken back once', () => {
  const counts = new OpenCounts(2);
  const [first, second] = [counts.open('a'), counts.open('a')];
  expect(counts.open('a')).toBeUndefined();
  expect(counts.open('b')).toBeDefined();
  first?.();
  first?.();
  expect(counts.of('a')).toBe(1);
  second?.();
  expect(counts.of('a')).toBe(0);
  expect(counts.size).toBe(1);
});
