#!/usr/bin/env node
// The tmpfleet command. It only wires: each verb has a folder beside this file, and is loaded when it is named, because
// loading all of them takes about a second.
import { Command } from 'commander';
import { describeVersion } from '../shared/version.ts';
import { EXIT, EXIT_CODES_HELP } from './terminal/exit.ts';
import { refuseOptionsBeforeVerb, refuseUnknownVerbs } from './terminal/unknown-verb.ts';

const program = new Command('tmpfleet')
  .description(
    'A live notebook for every reader who clicks: a redirector in front of any number of Docker hosts.',
  )
  .version(describeVersion(), '-V, --version', 'print the version and the commit it was built from')
  .helpOption('-h, --help', 'print this help')
  .showHelpAfterError('(tmpfleet --help lists the verbs and options)')
  .addHelpText('after', EXIT_CODES_HELP)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage));

interface Verb {
  readonly name: string;
  /** What it does, in one line. */
  readonly description: string;
  /** Gives its options and verbs to the command. */
  readonly load: (command: Command) => Promise<void>;
}

const GROUPS: Readonly<Record<string, readonly Verb[]>> = {
  'Run:': [
    {
      name: 'demo',
      description: 'run a complete fleet on this machine, to try it out',
      load: async (command) => (await import('./demo/demo.ts')).addDemoCommand(command),
    },
    {
      name: 'redirector',
      description: 'run the front: it polls the nodes and sends each reader to one with room',
      load: async (command) => (await import('./server/redirector.ts')).addRedirectorCommand(command),
    },
    {
      name: 'node-agent',
      description: 'run a node: the pool of sandboxes on a Docker host, and the proxy to them',
      load: async (command) => (await import('./server/node-agent.ts')).addNodeAgentCommand(command),
    },
  ],
  'Operate:': [
    {
      name: 'node',
      description: 'list, add, cordon, drain and remove nodes, and show their logs (asks the front)',
      load: async (command) => (await import('./node/node.ts')).addNodeCommand(command),
    },
    {
      name: 'pool',
      description:
        'show, recycle, resize, refresh, pause and resume the pool of a node, or of all (asks the node, or the front)',
      load: async (command) => (await import('./pool/pool.ts')).addPoolCommand(command),
    },
    {
      name: 'sandbox',
      description:
        'list and end the sandboxes of a node, show what they print, and run commands in them (asks the node)',
      load: async (command) => (await import('./sandbox/sandbox.ts')).addSandboxCommand(command),
    },
    {
      name: 'top',
      description: 'show the whole fleet, live (asks the front)',
      load: async (command) => (await import('./top/top.ts')).addTopCommand(command),
    },
    {
      name: 'reload',
      description: 'read the changed configuration of a running redirector or node-agent again',
      load: async (command) => (await import('./reload/reload.ts')).addReloadCommand(command),
    },
    {
      name: 'registry',
      description: 'show the node registry, and restore or accept it after data loss (asks the front)',
      load: async (command) => (await import('./registry/registry.ts')).addRegistryCommand(command),
    },
    {
      name: 'audit',
      description: 'show the orders that a front was given, newest first (asks the front)',
      load: async (command) => (await import('./registry/registry.ts')).addAuditCommand(command),
    },
  ],
  'Publish:': [
    {
      name: 'embed',
      description: 'print what to paste into an article, so that its readers open a notebook there',
      load: async (command) => (await import('./embed/embed.ts')).addEmbedCommand(command),
    },
  ],
  'Check:': [
    {
      name: 'doctor',
      description: 'check this host or a whole fleet, and print what to do about each problem',
      load: async (command) => (await import('./doctor/doctor.ts')).addDoctorCommand(command),
    },
    {
      name: 'load',
      description: 'send readers to a fleet, or to any web app, and measure what they live through',
      load: async (command) => (await import('./load/load.ts')).addLoadCommand(command),
    },
    {
      name: 'record',
      description: 'make one trace, to be replayed by load, of what fronts and nodes have recorded',
      load: async (command) => (await import('./record/record.ts')).addRecordCommand(command),
    },
    {
      name: 'plan',
      description:
        'how many hosts a crowd of readers needs, and what the readers will live through (simulated)',
      load: async (command) => (await import('./plan/plan.ts')).addPlanCommand(command),
    },
  ],
  'Other:': [
    {
      name: 'completion',
      description: 'print a completion script for a shell',
      load: async (command) =>
        (await import('./completion/completion.ts')).addCompletionCommand(command, program),
    },
  ],
};

/** The verbs that these arguments are about: those named; for help and completion scripts all of them; for the version none. */
function concerned(words: readonly string[]): (verb: Verb) => boolean {
  if (words[0] === '-V' || words[0] === '--version') return () => false;
  const names = Object.values(GROUPS).flatMap((verbs) => verbs.map(({ name }) => name));
  const named = names.filter((name) => words.includes(name));
  if (named.length === 0 || words[0] === 'completion') return () => true;
  return ({ name }) => named.includes(name);
}

const isConcerned = concerned(process.argv.slice(2));
for (const [group, verbs] of Object.entries(GROUPS)) {
  program.commandsGroup(group);
  for (const verb of verbs) {
    const command = program.command(verb.name).description(verb.description);
    if (isConcerned(verb)) await verb.load(command);
  }
  if (group === 'Other:') program.helpCommand('help [verb]', 'print the help of a verb');
}
refuseUnknownVerbs(program);
refuseOptionsBeforeVerb(program, process.argv[2]);
await program.parseAsync();
