#!/usr/bin/env node
// The tmpfleet command. It only wires: each verb is a file beside this one. The programs that serve are loaded when they are
// started: a command that asks one of them should not take a second to load both.
import { Command } from 'commander';
import { nodeAgentOptions } from '../node-agent/config.ts';
import { redirectorOptions } from '../redirector/config.ts';
import { describeVersion } from '../shared/version.ts';
import { addCompletionCommand } from './completion/completion.ts';
import { addDemoCommand } from './demo/demo.ts';
import { addDoctorCommand } from './doctor/doctor.ts';
import { addNodeCommand } from './node/node.ts';
import { addPoolCommand } from './pool/pool.ts';
import { addAuditCommand, addRegistryCommand } from './registry/registry.ts';
import { addSandboxCommand } from './sandbox/sandbox.ts';
import { addServerCommand } from './server/run-server.ts';
import { EXIT, EXIT_CODES_HELP } from './terminal/exit.ts';
import { addTopCommand } from './top/top.ts';

const program = new Command('tmpfleet')
  .description(
    'A live notebook for every reader who clicks: a redirector in front of any number of Docker hosts.',
  )
  .version(describeVersion(), '-V, --version', 'print the version, and the commit it was built from')
  .showHelpAfterError('(tmpfleet --help tells more)')
  .addHelpText('after', EXIT_CODES_HELP)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage));

addServerCommand(
  program.command('redirector').description('the front: polls nodes, and sends each reader to one with room'),
  {
    name: 'redirector',
    options: redirectorOptions,
    start: async (config, { logger }) => {
      const { startRedirector } = await import('../redirector/main.ts');
      return startRedirector(config, { logger });
    },
  },
  (config) => config,
);
addServerCommand(
  program.command('node-agent').description("a Docker host's pool of sandboxes, and the proxy to them"),
  {
    name: 'node-agent',
    options: nodeAgentOptions,
    start: async (config, given) => {
      const { startNodeAgent } = await import('../node-agent/main.ts');
      return startNodeAgent(config, { ...given, env: process.env });
    },
  },
  (config) => config,
);
addDemoCommand(program.command('demo').description('a whole fleet on this machine, to click and to try'));
addDoctorCommand(
  program.command('doctor').description('is this host, or a whole fleet, well? with what to do'),
);
addNodeCommand(
  program.command('node').description('at the front: list, add, cordon, drain and remove nodes'),
);
addPoolCommand(program.command('pool').description('at a node: recycle, resize, pause and resume its pool'));
addSandboxCommand(program.command('sandbox').description('at a node: list and end sandboxes'));
addRegistryCommand(
  program
    .command('registry')
    .description('at the front: what keeps the list of nodes, and what if it was lost'),
);
addAuditCommand(program.command('audit').description('at the front: who ordered what, newest first'));
addTopCommand(program.command('top').description('at the front: the whole fleet at a glance, live'));
addCompletionCommand(
  program.command('completion').description('print a completion script for your shell'),
  program,
);

await program.parseAsync();
