// Another command in the configuration of a node that runs: it is rolled out as a newer image is, and given up when it does not start.
import { expect, test } from 'vitest';
import { LIGHT_COMMAND } from '../../support/light-server.ts';
import { Reader } from '../../support/reader.ts';
import { until } from '../../support/until.ts';
import { type Program, reload, startNode, write } from './programs.ts';

const config = (command: string, more = ''): string =>
  `capacity: 4\ncull-interval: 100ms\n${more}command: ${JSON.stringify(command)}\n`;

interface Listed {
  readonly id: string;
  readonly state: string;
}

async function sandboxes({ control }: Program): Promise<readonly Listed[]> {
  return (await (await fetch(`${control}/api/sandboxes`)).json()) as readonly Listed[];
}

const idsOf = async (node: Program, state: string): Promise<readonly string[]> =>
  (await sandboxes(node)).filter((each) => each.state === state).map(({ id }) => id);

const warm = (node: Program, count: number, besides: readonly string[] = []) =>
  until(`${count} others are warm`, async () => {
    const ids = await idsOf(node, 'warm');
    return ids.length === count && !ids.some((id) => besides.includes(id));
  });

const imageOf = async ({ url }: Program): Promise<string> =>
  ((await (await fetch(`${url}/stats`)).json()) as { readonly container_image: string }).container_image;

test('another command replaces the warm sandboxes, and a reader keeps theirs', async () => {
  const node = await startNode(config(LIGHT_COMMAND));
  await warm(node, 4);
  const reader = new Reader();
  const { sandbox = '' } = await reader.click(`${node.url}/tree`);
  await warm(node, 3);
  const before = await idsOf(node, 'warm');
  write(config(`A=1 ${LIGHT_COMMAND}`, 'extra-env: B=2\n'));
  expect(await reload('node', node)).toEqual({ code: 0, text: 'applied: command, extra-env\n' });
  await warm(node, 3, before);
  expect(await imageOf(node)).toBe(`A=1 ${LIGHT_COMMAND}`);
  expect((await reader.click(`${node.url}/tree`)).sandbox).toBe(sandbox);
});

test('a command that does not start leaves the warm ones as they are, and the one of before in use', async () => {
  const node = await startNode(config(LIGHT_COMMAND));
  await warm(node, 4);
  const before = await idsOf(node, 'warm');
  write(config('exit 7', 'start-timeout: 1s\n'));
  expect((await reload('node', node)).text).toContain('applied: command\n');
  await node.run.printed(/going back/, 60_000);
  await warm(node, 4);
  const kept = (await idsOf(node, 'warm')).filter((id) => before.includes(id));
  // One at a time makes room for a first start.
  expect(kept.length).toBeGreaterThanOrEqual(3);
  expect(await imageOf(node)).toBe(LIGHT_COMMAND);
  write(config(`A=3 ${LIGHT_COMMAND}`));
  await reload('node', node);
  await warm(node, 4, before);
  expect(await imageOf(node)).toBe(`A=3 ${LIGHT_COMMAND}`);
});

test('a node with a single slot takes the new command over, too', async () => {
  const node = await startNode(config(LIGHT_COMMAND).replace('capacity: 4', 'capacity: 1'));
  await warm(node, 1);
  const before = await idsOf(node, 'warm');
  write(config(`A=1 ${LIGHT_COMMAND}`).replace('capacity: 4', 'capacity: 1'));
  await reload('node', node);
  await warm(node, 1, before);
});
