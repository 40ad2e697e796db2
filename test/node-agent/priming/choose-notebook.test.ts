// Which notebook a sandbox is primed for, and which notebook an address opens.
import { expect, test } from 'vitest';
import { nodeAgentOptions } from '../../../node-agent/config.ts';
import { chooseNotebook } from '../../../node-agent/priming/choose-notebook.ts';
import { loadConfig } from '../../../shared/config/load.ts';
import { notebookOf } from '../../../shared/jupyter/notebook-path.ts';

const prime = (text: string) =>
  loadConfig(nodeAgentOptions, { flags: { prime: text }, env: {} }).config.prime;

test('sandboxes are shared out among notebooks by weight, from the first on', () => {
  const targets = prime('a.ipynb=3,b.ipynb');
  const primed: string[] = [];
  for (let n = 0; n < 8; n += 1) primed.push(chooseNotebook(targets, primed) ?? '');
  expect(primed.join(' ')).toBe('a.ipynb a.ipynb b.ipynb a.ipynb a.ipynb a.ipynb b.ipynb a.ipynb');
  expect(chooseNotebook(targets, ['a.ipynb', 'a.ipynb', 'a.ipynb'])).toBe('b.ipynb');
  expect(chooseNotebook([], [])).toBeUndefined();
});

test.each([
  'index',
  '/index.ipynb',
  '../index.ipynb',
  'a//b.ipynb',
  '.hidden.ipynb',
  'a.ipynb=0',
  'a.ipynb=1.5',
  'a.ipynb,a.ipynb=2',
])('--prime %s is refused, with what was expected', (text) => {
  expect(() => prime(text)).toThrow(`--prime: invalid value "${text}"; expected paths of notebooks`);
});

test.each([
  ['notebooks/index.ipynb', 'index.ipynb'],
  ['/notebooks/a%20b/figure%201.ipynb', 'a b/figure 1.ipynb'],
  ['lab/tree/work/x.ipynb', 'work/x.ipynb'],
  ['lab/workspaces/mine/tree/x.ipynb', 'x.ipynb'],
  ['doc/tree/x.ipynb', 'x.ipynb'],
  ['tree/x.ipynb', 'x.ipynb'],
  ['tree', undefined],
  ['files/x.ipynb', undefined],
  ['notebooks/x.py', undefined],
  ['notebooks/%E0%A4.ipynb', undefined],
])('%s opens the notebook %s', (path, notebook) => {
  expect(notebookOf(path)).toBe(notebook);
});
