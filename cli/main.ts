#!/usr/bin/env node
// The tmpfleet command. It only wires: each verb has a folder beside this file. The two servers are loaded when they are
// started, because loading them takes about a second that other verbs should not spend.
import { Command } from 'commander';
import { nodeAgentOptions } from '../node-agent/config.ts';
import { checkNodeAgentConfig } from '../node-agent/config-check.ts';
import { checkRedirectorConfig, redirectorOptions } from '../redirector/config.ts';
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
import { refuseUnknownVerbs } from './terminal/unknown-verb.ts';
import { addTopCommand } from './top/top.ts';

const program = new Command('tmpfleet')
  .description(
    'A live notebook for every reader who clicks: a redirector in front of any number of Docker hosts.',
  )
  .version(describeVersion(), '-V, --version', 'print the version and the commit it was built from')
  .helpOption('-h, --help', 'print this help')
  .showHelpAfterError('(tmpfleet --help lists the verbs and options)')
  .addHelpText('after', EXIT_CODES_HELP)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage));

/** A verb, with what it does in one line. */
function verb(name: string, description: string): Command {
  return program.command(name).description(description);
}

program.commandsGroup('Run:');
addDemoCommand(verb('demo', 'run a complete fleet on this machine, to try it out'));
addServerCommand(
  verb('redirector', 'run the front: it polls the nodes and sends each reader to one with room'),
  {
    name: 'redirector',
    options: redirectorOptions,
    check: checkRedirectorConfig,
    start: async (config, { logger }) => {
      const { startRedirector } = await import('../redirector/main.ts');
      return startRedirector(config, { logger });
    },
  },
  (config) => config,
);
addServerCommand(
  verb('node-agent', 'run a node: the pool of sandboxes on a Docker host, and the proxy to them'),
  {
    name: 'node-agent',
    options: nodeAgentOptions,
    check: checkNodeAgentConfig,
    start: async (config, given) => {
      const { startNodeAgent } = await import('../node-agent/main.ts');
      return startNodeAgent(config, { ...given, env: process.env });
    },
  },
  (config) => config,
);

program.commandsGroup('Operate:');
addNodeCommand(verb('node', 'list, add, cordon, drain and remove nodes (asks the front)'));
addPoolCommand(verb('pool', 'show, recycle, resize, pause and resume the pool of a node (asks the node)'));
addSandboxCommand(verb('sandbox', 'list and end the sandboxes of a node (asks the node)'));
addTopCommand(verb('top', 'show the whole fleet, live (asks the front)'));
addRegistryCommand(
  verb('registry', 'show the node registry, and restore or accept it after data loss (asks the front)'),
);
addAuditCommand(verb('audit', 'show the orders that a front was given, newest first (asks the front)'));

program.commandsGroup('Check:');
addDoctorCommand(verb('doctor', 'check this host or a whole fleet, and print what to do about each problem'));

program.commandsGroup('Other:').helpCommand('help [verb]', 'print the help of a verb');
addCompletionCommand(verb('completion', 'print a completion script for a shell'), program);

refuseUnknownVerbs(program);
await program.parseAsync();
