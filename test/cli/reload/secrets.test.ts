// A new secret without a restart: front and node read their files again, and at each step of docs/operations.md a reader who clicks
// gets a sandbox, and an order of the front is taken.
import { expect, test } from 'vitest';
import { formatNodeKey } from '../../../shared/protocol/node-key.ts';
import { Reader } from '../../support/reader.ts';
import { tmpfleet } from '../../support/tmpfleet.ts';
import { until } from '../../support/until.ts';
import { type Program, reload, startFront, startNode, write } from './programs.ts';

const OLD = 'the-old-secret-of-the-fleet';
const NEW = 'the-new-secret-of-the-fleet';

async function works(front: Program): Promise<void> {
  const reader = new Reader();
  expect((await reader.click(`${front.url}/tree`)).body).toBe('ok');
  for (const order of [['cordon', '--force'], ['uncordon']]) {
    const run = tmpfleet(['node', ...order, 'node1', '--front', front.control]);
    expect(`${await run.ended} ${run.output()}`).toMatch(/^0 /);
  }
}

async function hasSameSecret(front: Program): Promise<boolean> {
  const answer = await (await fetch(`${front.control}/api/nodes`)).json();
  return JSON.stringify(answer).includes('"same_secret":true');
}

test('a fleet changes its secret by reloads alone', async () => {
  const secretFile = write(OLD, 'secret');
  const keyFile = write(formatNodeKey([OLD], 'node1'), 'node-key');
  const nodeFlags = ['--node-id', 'node1', '--require-ticket', '--node-key-file', keyFile];
  const node = await startNode('capacity: 12\n', nodeFlags);
  const front = await startFront(`nodes: ${node.url}\npoll-interval: 100ms\n`, ['--secret-file', secretFile]);
  await until('the front knows the node', () => hasSameSecret(front));
  await works(front);
  for (const secrets of [[OLD, NEW], [NEW, OLD], [NEW]]) {
    write(secrets.join(','), 'secret');
    write(`nodes: ${node.url}\npoll-interval: 100ms\n`);
    expect((await reload('front', front)).text).toBe('applied: secret\n');
    await works(front);
    write(formatNodeKey(secrets, 'node1'), 'node-key');
    write('capacity: 12\n');
    expect((await reload('node', node)).text).toBe('applied: node-key\n');
    await until('the front sees that', () => hasSameSecret(front));
    await works(front);
  }
  // Nobody takes the old one any more.
  write(OLD, 'secret');
  write(`nodes: ${node.url}\npoll-interval: 100ms\n`);
  await reload('front', front);
  const run = tmpfleet(['node', 'cordon', '--force', 'node1', '--front', front.control]);
  expect(await run.ended).not.toBe(0);
  expect(await hasSameSecret(front)).toBe(false);
});

test('a damaged node key changes nothing, and to have no key any more waits for a restart', async () => {
  const keyFile = write(formatNodeKey([OLD], 'node1'), 'node-key');
  const node = await startNode('capacity: 1\n', ['--node-id', 'node1', '--node-key-file', keyFile]);
  write(formatNodeKey([NEW], 'node2'), 'node-key');
  const { code, text } = await reload('node', node);
  expect(code).toBe(3);
  expect(text).toMatch(/it is for the node node2/);
});
