// `tmpfleet node-agent`. The agent itself is loaded when it starts, so that help and errors do not wait for it.
import type { Command } from 'commander';
import { nodeAgentOptions } from '../../node-agent/config.ts';
import { checkNodeAgentConfig } from '../../node-agent/config-check.ts';
import { addServerCommand } from './run-server.ts';

export function addNodeAgentCommand(command: Command): void {
  addServerCommand(
    command,
    {
      name: 'node-agent',
      options: nodeAgentOptions,
      check: checkNodeAgentConfig,
      start: async (config, given) => {
        const { startNodeAgent } = await import('../../node-agent/main.ts');
        return startNodeAgent(config, { ...given, env: process.env });
      },
    },
    (config) => config,
  );
}
