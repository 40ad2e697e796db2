// `tmpfleet node key`: prints the key of a node, where the secret of the fleet is. It asks no front.
import type { Command } from 'commander';
import { fleetSecretOption, parseSecrets } from '../../shared/config/common.ts';
import { loadConfig } from '../../shared/config/load.ts';
import { FleetError } from '../../shared/errors.ts';
import { formatNodeKey } from '../../shared/protocol/node-key.ts';
import { EXIT, reportFailure } from '../terminal/exit.ts';

export function addNodeKeyCommand(group: Command): void {
  const command = group
    .command('key <node-id>')
    .description("print the node key of a node, made from the fleet's secret; for its --node-key-file")
    .option('--secret-file <path>', "file with the fleet's secret (env: TMPFLEET_SECRET)")
    .option('--json', 'print JSON, for scripts');
  command.action(() => {
    try {
      const [node = ''] = command.args;
      // The group has --json too, and takes it wherever it stands.
      const flags: Readonly<Record<string, unknown>> = command.optsWithGlobals();
      const key = formatNodeKey(readSecrets(flags.secretFile), node);
      process.stdout.write(`${flags.json === true ? JSON.stringify({ node, key }, undefined, 2) : key}\n`);
      process.exitCode = EXIT.ok;
    } catch (error) {
      process.exitCode = reportFailure(error);
    }
  });
}

function readSecrets(secretFile: unknown): readonly string[] {
  const { config } = loadConfig({ secret: fleetSecretOption }, { flags: { secretFile }, env: process.env });
  if (config.secret === '') {
    throw new FleetError('bad-config', "secret: the fleet's secret is needed to make a node key", {
      remedy: 'give it by --secret-file or TMPFLEET_SECRET, on a host of the front',
    });
  }
  return parseSecrets(config.secret);
}
