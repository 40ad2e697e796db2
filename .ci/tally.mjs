// Counts results from vitest's JSON reports. `tally.mjs failed <report>` prints the files with failures.
// `tally.mjs count <directory> <list>` prints "N passed, N failed, N skipped" and fails unless all ran and passed.
//
// A file that failed and passed in its second run (`<name>-again.json` beside `<name>.json`) is flaky: it is printed, and
// written to the list with the date, for a person to commit. A flaky file that is on the list already counts as failed.
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';

const [what, path = '.', list = ''] = process.argv.slice(2);
if (what === 'failed') {
  for (const { name } of read(path).filter(failedIn)) console.log(relative(process.cwd(), name));
} else {
  process.exitCode = count(path, list);
}

function read(report) {
  return JSON.parse(readFileSync(report, 'utf8')).testResults;
}

/** A file that broke before its tests were collected has no failed test, nor has one that was ended because it was stuck. */
function failedIn(file) {
  const isStuck = file.assertionResults.some(({ status }) => status === 'pending');
  return (
    isStuck || file.status === 'failed' || file.assertionResults.some(({ status }) => status === 'failed')
  );
}

function count(dir, flakyList) {
  const listed = readList(flakyList);
  const flaky = new Set();
  const sums = { passed: 0, failed: 0, skipped: 0 };
  const reports = readdirSync(dir).filter((name) => name.endsWith('.json') && !name.endsWith('-again.json'));
  for (const run of reports) {
    const name = basename(run, '.json');
    const again = join(dir, `${name}-again.json`);
    const second = new Map((existsSync(again) ? read(again) : []).map((file) => [file.name, file]));
    for (const first of read(join(dir, run))) {
      const path = relative(process.cwd(), first.name);
      const file = second.get(first.name) ?? first;
      const isFlaky = file !== first && !failedIn(file);
      const since = isFlaky ? listed.get(path) : undefined;
      if (isFlaky) {
        flaky.add(path);
        tell(`${name}: flaky, passed in a second run`, first);
        if (since !== undefined) console.log(`  FAILED: it was flaky before (${since}, ${flakyList})`);
      }
      if (failedIn(file)) tell(`${name}: FAILED`, file);
      const counted = since === undefined ? file : first;
      const tests = counted.assertionResults;
      const failed = tests.filter(({ status }) => status === 'failed').length;
      const passed = tests.filter(({ status }) => status === 'passed').length;
      sums.passed += passed;
      sums.failed += failedIn(counted) ? Math.max(failed, 1) : 0;
      sums.skipped += tests.length - passed - failed;
    }
  }
  for (const name of readdirSync(dir).filter((name) => name.endsWith('.broken'))) {
    console.log(`${basename(name, '.broken')}: FAILED outside of any test; see the output of vitest above`);
    sums.failed += 1;
  }
  writeList(
    flakyList,
    [...flaky].filter((path) => !listed.has(path)),
  );
  console.log(`${flaky.size} flaky: ${[...flaky].join(' ') || 'none'}`);
  console.log(`${sums.passed} passed, ${sums.failed} failed, ${sums.skipped} skipped`);
  return reports.length > 0 && sums.passed > 0 && sums.failed + sums.skipped === 0 ? 0 : 1;
}

/** Dates by path. */
function readList(path) {
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
  return new Map(lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split(' ')));
}

function writeList(path, files) {
  const date = new Date().toISOString().slice(0, 10);
  for (const file of files) appendFileSync(path, `${file} ${date}\n`);
  if (files.length > 0)
    console.log(`written to ${path}; commit it, and remove the line when the file is fixed`);
}

/** Prints a failure with its reason, because readers of a long log look at its end. */
function tell(how, { name, message, assertionResults }) {
  console.log(`${how}: ${relative(process.cwd(), name)}`);
  const failed = assertionResults.filter(({ status }) => status === 'failed');
  if (failed.length === 0 && message) console.log(`  ${message.split('\n')[0]}`);
  for (const { fullName, failureMessages } of failed)
    console.log(`  ${fullName}\n    ${inShort(failureMessages).join('\n    ')}`);
}

/** The stack without frames of the test runner. */
function inShort(messages) {
  const lines = messages.join('\n').split('\n');
  return lines
    .filter((line) => !line.includes('node_modules') && !line.includes('new Promise ('))
    .slice(0, 12);
}
