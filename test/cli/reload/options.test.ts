// A configuration that changes while the programs run: what applies at once, what waits for a restart, and what is refused.
import { expect, test } from 'vitest';
import { Reader } from '../../support/reader.ts';
import { until } from '../../support/until.ts';
import { reload, startFront, startNode, write } from './programs.ts';

const launchPage = async (url: string): Promise<string> =>
  (await fetch(`${url}/tree`, { headers: { accept: 'text/html' } })).text();

test('a node takes over its size, its times and its words, and names what needs a restart', async () => {
  const node = await startNode('capacity: 1\nidle: 1h\n');
  const capacity = async () =>
    (await (await fetch(`${node.url}/stats`)).json()) as { capacity: number; available: number };
  await until('one is warm', async () => (await capacity()).available === 1);
  const reader = new Reader();
  expect((await reader.click(`${node.url}/tree`)).body).toBe('ok');
  write('capacity: 3\nidle: 1s\nkeep-busy: false\ntitle: Figure 7\nimage: other\nport: 1\n');
  expect(await reload('node', node)).toEqual({
    code: 0,
    text: 'applied: title, capacity, idle, keep-busy\nchanged, but applied only after a restart: image\n',
  });
  expect(await launchPage(node.url)).toContain('<h1>Figure 7</h1>');
  // Its reader's sandbox goes, because it is idle now, and all three slots are filled.
  await until('three are warm', async () => (await capacity()).available === 3);
  await node.run.printed(/"reason":"idle","msg":"sandbox ends"/);
  expect((await reload('node', node)).text).toBe('changed, but applied only after a restart: image\n');
});

test('a front takes over who may show it, its words and its limits, at SIGHUP too', async () => {
  const front = await startFront('title: Old\n');
  write('title: New\nembed-origins: https://www.example-journal.org\nclient-arrivals: 1/1h\n');
  front.run.process.kill('SIGHUP');
  await front.run.printed(/"applied":\["title","client-arrivals","embed-origins"\],"needRestart":\[\]/);
  const answer = await fetch(`${front.url}/tree`, { headers: { accept: 'text/html' } });
  expect(await answer.text()).toContain('<h1>New</h1>');
  expect(answer.headers.get('content-security-policy')).toContain('https://www.example-journal.org');
});

test('what needs an option that waits for a restart is refused with it', async () => {
  const front = await startFront('title: Old\n');
  write('title: New\nsecret: a-secret-of-the-fleet\nproof-of-work-below: 20%\n');
  const { code, text } = await reload('front', front);
  expect(code).toBe(3);
  expect(text).toMatch(/proof-of-work-below/);
  expect(await launchPage(front.url)).toContain('<h1>Old</h1>');
});

test('with an error in the file nothing changes, and the program goes on', async () => {
  const front = await startFront('title: Old\n');
  write('title: New\nhold-for: soon\n');
  const { code, text } = await reload('front', front);
  expect(code).toBe(3);
  expect(text).toMatch(/config\.yaml: hold-for: invalid value "soon"; expected a time/);
  front.run.process.kill('SIGHUP');
  await front.run.printed(/the configuration is wrong, and nothing has changed/);
  expect(await launchPage(front.url)).toContain('<h1>Old</h1>');
  write('title: Old\n');
  expect(await reload('front', front)).toEqual({ code: 0, text: 'nothing has changed\n' });
});
