// The cause of a failed start, in one line that is safe to log.
import { expect, test } from 'vitest';
import { describeDiagnosis, lastWords, stoppedAs } from '../../../node-agent/engine/diagnosis.ts';

const ended = { running: false, exitCode: 1, outOfMemory: false, output: '' };

test.each([
  ['an exit', ended, 'it exited with code 1'],
  ['a command that is missing', { ...ended, exitCode: 127 }, 'it exited with code 127 (command not found)'],
  ['a signal', { ...ended, exitCode: undefined }, 'it was ended by a signal'],
  ['memory', { ...ended, exitCode: 137, outOfMemory: true }, 'it ran out of memory'],
  ['output', { ...ended, output: 'a\nb\n' }, 'it exited with code 1; its last words: "a | b"'],
  ['output of one that runs', { ...ended, running: true, output: 'x' }, 'its last words: "x"'],
  ['nothing', { ...ended, running: true }, undefined],
] as const)('tells of %s', (_, diagnosis, expected) => expect(describeDiagnosis(diagnosis)).toBe(expected));

test.each([
  ['crashed', undefined],
  ['crashed', ended],
  ['crashed', { ...ended, exitCode: undefined }],
  ['crashed', { ...ended, exitCode: undefined, signal: 'SIGSEGV' }],
  // A kernel ran out of memory, and later the server failed.
  ['crashed', { ...ended, outOfMemory: true }],
  ['out-of-memory', { ...ended, exitCode: 137, outOfMemory: true }],
  ['quit', { ...ended, exitCode: 0 }],
  ['quit', { ...ended, exitCode: 0, outOfMemory: true }],
  ['killed', { ...ended, exitCode: 137 }],
  ['killed', { ...ended, exitCode: 143 }],
  ['killed', { ...ended, exitCode: undefined, signal: 'SIGKILL' }],
] as const)('a reader is told %s', (reason, diagnosis) => expect(stoppedAs(diagnosis)).toBe(reason));

test('last words are three lines at most, printable, without colours', () => {
  expect(lastWords('1\n2\n3\r\n\n4\n')).toBe('2 | 3 | 4');
  expect(lastWords('\u001b[31mred\u001b[0m\u0007 \u202eevil\t\ttabs')).toBe('red evil tabs');
  expect(lastWords('x'.repeat(5_000)).length).toBeLessThanOrEqual(301);
});
