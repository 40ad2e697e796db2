// Makes help for an unknown verb an error: commander alone prints the help of the level above, and exits with 0. And says
// where options stand.
import type { Command } from 'commander';
import { nearest } from '../../shared/nearest.ts';

/** For `tmpfleet lod --help` and `tmpfleet help lod`, on every level. */
export function refuseUnknownVerbs(program: Command): void {
  program.addHelpText('beforeAll', ({ command }) => {
    const [first, second] = command.args;
    const word = first === 'help' ? second : first;
    const names = command.commands.map((each) => each.name());
    if (names.length === 0 || word === undefined || word.startsWith('-') || names.includes(word)) return '';
    const near = nearest(word, names);
    const hint = near.length === 0 ? `there are: ${names.join(', ')}` : `did you mean ${near.join(' or ')}?`;
    return command.error(`error: unknown command '${word}'; ${hint}`);
  });
}

/** `tmpfleet --front URL node ls`: a verb's options mean nothing before it, because each verb has its own. */
export function refuseOptionsBeforeVerb(program: Command, first: string | undefined): void {
  if (first === undefined || !/^-/.test(first) || /^(-h|--help|-V|--version|--)$/.test(first)) return;
  program.error(
    `error: unknown option '${first}'; a verb's options stand after it: tmpfleet node ls --front URL`,
  );
}
