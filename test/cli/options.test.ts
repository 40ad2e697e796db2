// Flags of the commands: what is given several times.
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { addOptions, readOptions } from '../../cli/server/options.ts';
import { list, option } from '../../shared/config/option.ts';

const options = { names: option(list('name', 'names', /^\w+$/), [], 'names') };

test('a list may be given in parts', () => {
  const command = addOptions(new Command('x').exitOverride(), options);
  command.parse(['--names', 'a', '--names', 'b,c'], { from: 'user' });
  expect(readOptions(options, command, {}).config.names).toEqual(['a', 'b', 'c']);
});
