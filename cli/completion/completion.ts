// `tmpfleet completion`: prints a script for a shell, generated from the commands and flags themselves.
import { Argument, type Command } from 'commander';
import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import { readVerbs } from './verb-tree.ts';
import { zshCompletion } from './zsh.ts';

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;
type Shell = keyof typeof SHELLS;

export function addCompletionCommand(command: Command, program: Command): void {
  command
    .addArgument(new Argument('<shell>', 'name of the shell').choices(Object.keys(SHELLS)))
    .addHelpText(
      'after',
      `
bash:  source <(tmpfleet completion bash)          in ~/.bashrc
zsh:   source <(tmpfleet completion zsh)           in ~/.zshrc, after compinit
fish:  tmpfleet completion fish | source           in ~/.config/fish/config.fish`,
    )
    .action((shell: Shell) => {
      process.stdout.write(SHELLS[shell](readVerbs(program)));
    });
}
