// The table of `node ls` in windows of several widths, and its signs on terminals without Unicode.
import { expect, test } from 'vitest';
import { nodeTable } from '../../../cli/node/table.ts';
import { signsFor } from '../../../cli/terminal/signs.ts';
import type { NodeJson } from '../../../shared/api/node.ts';

const node: NodeJson = {
  ...{ id: 'demo-9300-1', url: 'http://127.0.0.1:43369', reachability: 'reachable', state: 'ready' },
  ...{ reachability_changed_at: '2026-01-01T00:00:00.000Z', unreachable_reason: null, plain: false },
  ...{ schedulable: true, same_secret: true, problem: null, paused: false, capacity: 6 },
  ...{ slots: { held: 1, warm: 2, starting: 0, removing: 0, free: 3 }, estimate: { warm: 2, cold: 3 } },
  ...{
    load: 0.745,
    drain_deadline_at: null,
    drain_forced: null,
    image: 'jupyter/minimal',
    version: '0.1.0',
    canary: null,
    frozen: 0,
  },
  ...{ report_age_seconds: 0.4, redirects_total: 0, bounces_total: 0 },
};
const sick: NodeJson = { ...node, id: 'b', problem: `image: ${'no such image '.repeat(9)}` };

test('a file or a wide window has everything: load, version and image too', () => {
  const [head, row] = nodeTable([node, sick], 0, Number.POSITIVE_INFINITY);
  expect(head).toMatch(/^ID .* LOAD +REPORT +VERSION +IMAGE +ADDRESS +NOTE$/);
  expect(row).toMatch(
    /^demo-9300-1 .* 0\.7[45] +0\.4 s +0\.1\.0 +jupyter\/minimal +http:\/\/127\.0\.0\.1:43369$/,
  );
});

test.each([100, 80, 60, 45])('in a window of %i columns no line of a well node wraps', (width) => {
  const lines = nodeTable([node, node], 0, width);
  expect(lines).toHaveLength(3);
  expect(lines.filter((line) => line.length > width)).toEqual([]);
  for (const word of ['demo-9300-1', 'ready', '6']) expect(lines[1]).toContain(word);
});

test('a long note has a line of its own, and nothing of it is lost', () => {
  const lines = nodeTable([node, sick], 0, 60);
  expect(lines).toHaveLength(4);
  expect(lines[3]).toBe(`  ${sick.problem}`);
});

test('a locale without Unicode gets signs of ASCII, the first variable that is set decides', () => {
  const isAscii = (env: Record<string, string>): boolean =>
    /^[\x20-\x7e]+$/.test(Object.values(signsFor(env).slots).join('') + signsFor(env).more);
  expect(
    [{ LC_ALL: 'C' }, { LC_ALL: '', LANG: 'POSIX' }, { LC_CTYPE: 'C', LANG: 'de_DE.UTF-8' }].map(isAscii),
  ).toEqual([...[true, true, true]]);
  expect([{}, { LANG: 'en_US.utf8' }, { LC_ALL: 'C.UTF-8', LANG: 'C' }].map(isAscii)).toEqual([
    ...[false, false, false],
  ]);
});
