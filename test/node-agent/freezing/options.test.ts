// What --freeze-after may be.
import { expect, test } from 'vitest';
import { nodeAgentOptions } from '../../../node-agent/config.ts';
import { checkNodeAgentConfig } from '../../../node-agent/config-check.ts';
import { loadConfig } from '../../../shared/config/load.ts';

const configOf = (flags: Readonly<Record<string, string>>) =>
  loadConfig(nodeAgentOptions, { flags: { port: '0', controlPort: '0', ...flags }, env: {} }).config;

test('nothing is frozen by default', () => {
  expect(configOf({}).freezeAfterMs).toBe(0);
});

test('a time that is not less than --idle is refused; without an end for lack of use any is taken', () => {
  expect(() => checkNodeAgentConfig(configOf({ freezeAfter: '1h', idle: '1h' }))).toThrow(
    'freeze-after: 1h is not less than --idle, after which a sandbox ends',
  );
  checkNodeAgentConfig(configOf({ freezeAfter: '5m', idle: '1h' }));
  checkNodeAgentConfig(configOf({ freezeAfter: '2h', idle: '0' }));
});
