// Seen: a test file whose process stood still kept CI waiting until its time was over, and nothing said which file it was.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test('a test file that nothing else can end is named, with what it does, and ended; the others are run', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-stuck-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  for (const name of ['node_modules', '.ci', 'test/support/title.ts']) {
    mkdirSync(join(dir, name, '..'), { recursive: true });
    symlinkSync(join(ROOT, name), join(dir, name));
  }
  const config = { test: { pool: 'forks', setupFiles: ['test/support/title.ts'] } };
  writeFileSync(join(dir, 'vitest.config.mjs'), `export default ${JSON.stringify(config)};`);
  const suite = (body: string): string => `import { test } from 'vitest'; test('it', () => { ${body} });`;
  writeFileSync(join(dir, 'loops.test.ts'), suite('for (const forever = true; forever; ) ;'));
  writeFileSync(join(dir, 'passes.test.ts'), suite(''));
  const reporters = ['default', './.ci/stuck.mjs', 'json'].map((name) => `--reporter=${name}`);
  const args = ['run', ...reporters, '--outputFile.json=report.json'];
  const env = { ...process.env, CI_STUCK_MS: '4000', CI_STUCK_FILES: join(dir, 'stuck') };
  const vitest = spawn(process.execPath, [join(ROOT, 'node_modules/vitest/vitest.mjs'), ...args], {
    ...{ cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'] },
  });
  const [printed, said] = await Promise.all([text(vitest.stdout), text(vitest.stderr)]);
  expect(said).toMatch(/STUCK: loops\.test\.ts: nothing was reported for 4 s/);
  expect(said).toMatch(/ {2}at .*loops\.test\.ts:\d+$/m);
  expect(stripVTControlCharacters(printed)).toMatch(/✓ passes\.test\.ts/);
  expect(readFileSync(join(dir, 'stuck'), 'utf8')).toBe('loops.test.ts\n');
  expect(readFileSync(join(dir, 'report.json'), 'utf8')).toContain('"status":"pending"');
});
