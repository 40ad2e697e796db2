// The kernel that a notebook names, found while its JSON is read.
import { expect, test } from 'vitest';
import { kernelNamedIn } from '../../../node-agent/priming/kernel-name.ts';

/** Comes in chunks of that many bytes. */
async function* chunks(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const find = (text: string, size = 1): Promise<string | undefined> =>
  kernelNamedIn(chunks(text, size), { bytes: 10_000, what: 'the notebook' });
const notebook = (metadata: unknown, cells: unknown = []): string =>
  JSON.stringify({ name: 'a.ipynb', content: { cells, metadata, nbformat: 4 }, metadata: { kernelspec: 0 } });
const python = { kernelspec: { display_name: 'Python "3"', name: 'python3', language: 'python' } };

test.each([
  ['as it stands', notebook(python)],
  ['with spaces and lines', JSON.stringify(JSON.parse(notebook(python)), null, 2)],
  ['with spaces before colons', notebook(python).replaceAll('":', '" :')],
  [
    'in escapes',
    notebook(python).replaceAll('kernelspec', '\\u006bernelspec').replace('python3', 'pyth\\u006fn3'),
  ],
  ['behind others of the same keys', notebook({ language_info: python, kernelspec: python.kernelspec })],
  [
    'behind cells that hold what looks like it',
    notebook(python, [
      {
        metadata: { kernelspec: { name: 'no' } },
        source: ['"metadata":{"kernelspec":{"name":"no"}}', '}}]\\"'],
      },
      ['content', 'metadata', 'kernelspec', 'name', { name: 'no' }, [[{ content: { metadata: python } }]]],
    ]),
  ],
])('is found %s, in chunks of any length', async (_, text) => {
  for (const size of [1, 2, 7, 10_000]) expect(await find(text, size)).toBe('python3');
});

test.each([
  ['names none', notebook({})],
  ['has another form of it', notebook({ kernelspec: ['name', 'no'] })],
  ['has a name that is no text', notebook({ kernelspec: { name: 3, more: 'no' } })],
  ['has the name one level too deep', notebook({ kernelspec: { more: { name: 'no' } } })],
  ['has it elsewhere', JSON.stringify({ content: { metadata: {} }, metadata: python })],
  ['has a name that is far too long', notebook({ kernelspec: { name: 'x'.repeat(1_000) } })],
])('is none where the notebook %s', async (_, text) => {
  for (const size of [1, 10_000]) expect(await find(text, size)).toBeUndefined();
});

test.each([
  ['nothing', ''],
  ['a page', '<html>'],
  ['a list', '[]'],
  ['no notebook', '{"content": null}'],
  ['half a notebook', notebook({}).slice(0, -1)],
])('is not asked of %s', async (_, text) => {
  await expect(find(text)).rejects.toThrow('the notebook is not a notebook');
});

test('is not looked for beyond the limit', async () => {
  await expect(find(notebook(python, 'x'.repeat(20_000)), 100)).rejects.toThrow('is longer than 10000 bytes');
});
