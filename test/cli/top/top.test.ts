// `tmpfleet top` without a terminal: one picture, or its numbers; and the picture itself.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import type { TopView } from '../../../cli/top/numbers.ts';
import { drawTop } from '../../../cli/top/picture.ts';
import { type NodeJson, nodeSchema } from '../../../shared/api/node.ts';
import { type Demo, startDemo } from '../../support/demo.ts';
import { run } from '../run.ts';

vi.setConfig({ testTimeout: 240_000 });
let demo: Demo;
let env: Record<string, string> = {};

beforeAll(async () => {
  demo = startDemo(['--nodes', '2', '--capacity', '4', '--warm', '2', '--engine', 'local']);
  await demo.front(90_000);
  env = { TMPFLEET_FRONT: demo.control() };
});
afterAll(() => demo?.end());

describe('tmpfleet top without a terminal', () => {
  test('prints one picture, plain, and exits', async () => {
    const { code, out } = await run(['top', '--interval', '200ms'], env);
    expect(code).toBe(0);
    expect(out).not.toContain('\u001b');
    expect(out).toMatch(/^tmpfleet .*\narrivals \d.*\nin time -\nslots .*\n\nNODE .*\ndemo.*\ndemo.*\n$/);
  });

  test('--json --once prints the numbers', async () => {
    const { code, out } = await run(['top', '--json', '--once', '--interval', '200ms'], env);
    expect(code).toBe(0);
    const number = z.number().nonnegative();
    const view = z
      .object({
        nodes: z.array(nodeSchema.extend({ state: z.literal('ready') })).length(2),
        redirects_per_second: z.record(z.string(), number),
        slots: z.object({ held: number, warm: number, starting: number, removing: number, free: number }),
        arrivals_per_second: number,
        bounces_per_second: number,
        bounces_total: number,
        waiting: number,
        oldest_report: z.object({ node: z.string(), age_seconds: number }),
      })
      .parse(JSON.parse(out));
    expect(Object.values(view.slots).reduce((sum, count) => sum + count)).toBe(8);
  });

  test('ends with exit code 4 if the front does not answer', async () => {
    expect(await run(['top', '--once', '--front', 'http://127.0.0.1:1'])).toMatchObject({ code: 4, out: '' });
  });
});

describe('the picture', () => {
  const row = (id: string, more: Partial<NodeJson> = {}): NodeJson => ({
    ...{ id, url: 'http://n', reachability: 'reachable', state: 'ready', paused: false, plain: false },
    ...{
      reachability_changed_at: '2026-01-01T12:00:00.000Z',
      unreachable_reason: null,
      problem: null,
      same_secret: null,
    },
    ...{ capacity: 10, slots: { held: 4, warm: 3, starting: 2, removing: 0, free: 1 }, schedulable: true },
    ...{
      estimate: { warm: 3, cold: 3 },
      load: null,
      image: null,
      version: null,
      canary: null,
      frozen: 1,
      redirects_total: 9,
    },
    ...{ bounces_total: 0, report_age_seconds: 1, drain_deadline_at: null, drain_forced: null, ...more },
  });
  const view = (nodes: TopView['nodes']): TopView => ({
    ...{ at: '2026-01-01T12:00:00.000Z', front: 'http://f', nodes, arrivals_per_second: 12.5 },
    slo: { readers_total: 2000, late_total: 30 },
    ...{ version: '0', bounces_per_second: 0, refusals_per_second: 0, redirects_per_second: { n1: 1.5 } },
    ...{ arrivals_total: 9, redirects_total: 9, bounces_total: 0, refusals_total: 0 },
    slots: { held: 4, warm: 3, starting: 2, removing: 0, free: 1 },
    frozen: nodes.reduce((sum, node) => sum + (node.frozen ?? 0), 0),
    ...{ waiting: 0, oldest_report: null },
  });
  const draw = (nodes: TopView['nodes'], columns = 120, rows = 40) =>
    drawTop(view(nodes), { columns, rows, colour: false });

  test('says how many of the held ones are frozen, where any is', () => {
    const slots = (frozen: number) => draw([row('n', { frozen })]).find((line) => line.startsWith('slots'));
    expect(slots(3)).toContain('4 held (3 frozen), 3 warm');
    expect(slots(0)).toContain('4 held, 3 warm');
  });

  test('has one character a slot if there is room, and lines up names in any script', () => {
    const lines = draw([row('plain'), row('ノード一')]);
    expect(lines.filter((line) => line.includes('████▓▓▓░░·')).length).toBe(3);
    expect(lines.find((line) => line.startsWith('ノード一'))).toMatch(/^ノード一 {2}ready/);
    expect(lines.find((line) => line.startsWith('plain'))).toMatch(/^plain {5}ready/);
  });

  test('shows a drain with its deadline, and lists nodes with trouble first where not all fit', () => {
    const deadline = new Date(Date.parse('2026-01-01T12:29:00.000Z')).toISOString();
    const nodes = [
      ...Array.from({ length: 20 }, (_, index) => row(`n${index}`)),
      row('leaving', { state: 'draining', drain_deadline_at: deadline }),
      row('gone', { reachability: 'unreachable', unreachable_reason: 'it refuses connections' }),
    ];
    const lines = draw(nodes, 140, 12);
    expect(lines.length).toBeLessThanOrEqual(12);
    expect(lines.findIndex((line) => line.startsWith('gone'))).toBe(6);
    expect(lines.find((line) => line.startsWith('gone'))).toContain('it refuses connections');
    expect(lines.find((line) => line.startsWith('leaving'))).toMatch(
      /draining .* until \d\d:\d\d \(29 min\)$/,
    );
    expect(lines.some((line) => /^… and \d+ more/.test(line))).toBe(true);
  });

  test('shows the share of readers in time, and at which node the canary fails', () => {
    const canary = { failing: true, since: '2026-01-01T11:00:00.000Z', reason: 'the kernel answers with X' };
    const lines = draw([row('n1', { canary })], 160);
    expect(lines).toContain('in time 98.50 % of 2000 who asked while a slot was free (30 late)');
    expect(lines.find((line) => line.startsWith('n1'))).toMatch(
      /the canary fails since \d\d:\d\d: the kernel answers with X$/,
    );
  });

  test('removes characters that could control the terminal', () => {
    const lines = draw([
      row('n1', { reachability: 'unreachable', unreachable_reason: 'bad\u001b[2J\u0007 answer' }),
    ]);
    expect(lines.join('')).toMatch(/bad {1,2}answer/);
    expect(lines.join('')).not.toMatch(/\p{Cc}/u);
  });
});
