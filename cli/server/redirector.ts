// `tmpfleet redirector`. The front itself is loaded when it starts, so that help and errors do not wait for it.
import type { Command } from 'commander';
import { checkRedirectorConfig, redirectorOptions } from '../../redirector/config.ts';
import { addServerCommand } from './run-server.ts';

export function addRedirectorCommand(command: Command): void {
  addServerCommand(
    command,
    {
      name: 'redirector',
      options: redirectorOptions,
      check: checkRedirectorConfig,
      start: async (config, { logger, reloader }) => {
        const { startRedirector } = await import('../../redirector/main.ts');
        return startRedirector(config, { logger, reloader });
      },
    },
    (config) => config,
  );
}
