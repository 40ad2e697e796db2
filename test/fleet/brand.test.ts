// `--brand-dir` as an operator uses it: the built front and node, their pages, and a directory with a fault.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../cli/run.ts';
import { BRAND, makeBrandDir } from '../support/brand-dir.ts';
import { type Run, tmpfleet } from '../support/tmpfleet.ts';

const NAME = 'The Journal of &#60;Small&#62; Experiments';
const GERMAN = { accept: 'text/html', 'accept-language': 'de' };

describe('a publisher’s directory', () => {
  const work = mkdtempSync(join(tmpdir(), 'tmpfleet-brand-test-'));
  const brandDir = makeBrandDir();
  const runs: Run[] = [];
  const urls: string[] = [];
  beforeAll(async () => {
    for (const program of [['redirector'], ['node-agent', '--engine', 'local', '--warm', '0']]) {
      const common = ['--host', '127.0.0.1', '--port', '0', '--control-port', '0', '--log-format', 'json'];
      const started = tmpfleet([
        ...program,
        ...common,
        '--data-dir',
        join(work, program[0] ?? ''),
        '--brand-dir',
        brandDir,
      ]);
      runs.push(started);
      urls.push((await started.printed(/"url":"(http:[^"]+)"/, 60_000))[1] ?? '');
    }
  }, 90_000);
  afterAll(async () => {
    await Promise.all(runs.map((started) => started.stop()));
    for (const dir of [work, brandDir]) rmSync(dir, { recursive: true, force: true });
  });

  test.each([
    ['the front', 0, '/tree', 'Abbildung öffnen'],
    ['a node', 1, '/nowhere', 'Hier ist nichts'],
  ])('is on the pages of %s', async (_, index, path, words) => {
    const page = await (await fetch(`${urls[index]}${path}`, { headers: GERMAN })).text();
    expect(page).toContain(`<span>${NAME}</span></header>`);
    expect(page).toContain('--accent: #0b57d0;');
    expect(page).toContain(words);
  });

  test('is not on the pages for operators', async () => {
    expect(await (await fetch(`${urls[1]}/info`)).text()).not.toContain(NAME);
  });

  test('is in what the script of an article says', async () => {
    const script = await (await fetch(`${urls[0]}/embed.js`)).text();
    expect(script).toContain('"label":"Ouvrir la figure"');
    expect(script).toContain('"label":"Notebook öffnen"');
  });

  test.each(['redirector', 'node-agent'])(
    'with a fault stops %s, and --print-config tells it too',
    async (program) => {
      const faulty = makeBrandDir({ ...BRAND, logo: 'lgo.svg', footr: 'x' });
      const flags = ['--data-dir', join(work, 'none'), '--brand-dir', faulty];
      for (const more of [[], ['--print-config']]) {
        const { code, err } = await run([program, ...flags, ...more]);
        expect(code).toBe(2);
        expect(err).toContain(`${faulty}/brand.yaml: footr: unknown key; did you mean footer?`);
        expect(err).toContain(`${faulty}/brand.yaml: logo: "lgo.svg" cannot be read`);
      }
      rmSync(faulty, { recursive: true });
    },
  );
});
