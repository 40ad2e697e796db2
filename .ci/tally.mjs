// Counts what vitest's JSON reports say. `tally.mjs failed <report>` prints the files in which something failed;
// `tally.mjs count <directory>` prints "N passed, N failed, N skipped" and fails unless all ran and passed. A file that
// was run again (`<name>-again.json` beside `<name>.json`) counts by its second run, and is named.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';

const [what, path = '.'] = process.argv.slice(2);
if (what === 'failed') {
  for (const { name } of read(path).filter(failedIn)) console.log(relative(process.cwd(), name));
} else {
  process.exitCode = count(path);
}

function read(report) {
  return JSON.parse(readFileSync(report, 'utf8')).testResults;
}

/** A file that broke before its tests were known has none that failed. */
function failedIn(file) {
  return file.status === 'failed' || file.assertionResults.some(({ status }) => status === 'failed');
}

function count(dir) {
  const runs = readdirSync(dir).filter((name) => name.endsWith('.json') && !name.endsWith('-again.json'));
  const sums = { passed: 0, failed: 0, skipped: 0 };
  for (const run of runs) {
    const name = basename(run, '.json');
    const again = join(dir, `${name}-again.json`);
    const second = new Map((existsSync(again) ? read(again) : []).map((file) => [file.name, file]));
    for (const first of read(join(dir, run))) {
      const file = second.get(first.name) ?? first;
      if (file !== first) tell(`${name}: needed a second run`, first);
      if (failedIn(file)) tell(`${name}: FAILED`, file);
      const tests = file.assertionResults;
      const failed = tests.filter(({ status }) => status === 'failed').length;
      const passed = tests.filter(({ status }) => status === 'passed').length;
      sums.passed += passed;
      sums.failed += failedIn(file) ? Math.max(failed, 1) : 0;
      sums.skipped += tests.length - passed - failed;
    }
  }
  console.log(`${sums.passed} passed, ${sums.failed} failed, ${sums.skipped} skipped`);
  return runs.length > 0 && sums.passed > 0 && sums.failed + sums.skipped === 0 ? 0 : 1;
}

/** By name and with the reason: what a reader of a long log looks for at its end. */
function tell(how, { name, message, assertionResults }) {
  console.log(`${how}: ${relative(process.cwd(), name)}`);
  const failed = assertionResults.filter(({ status }) => status === 'failed');
  if (failed.length === 0 && message) console.log(`  ${message.split('\n')[0]}`);
  for (const { fullName, failureMessages } of failed)
    console.log(`  ${fullName}\n    ${inShort(failureMessages).join('\n    ')}`);
}

/** Without the way through the test runner. */
function inShort(messages) {
  const lines = messages.join('\n').split('\n');
  return lines
    .filter((line) => !line.includes('node_modules') && !line.includes('new Promise ('))
    .slice(0, 12);
}
