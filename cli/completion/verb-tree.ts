// Reads from the tree of commands what a shell needs to complete it.
import type { Command, Option } from 'commander';

export interface CompletedFlag {
  readonly names: readonly string[];
  readonly help: string;
  /** What may follow: nothing, a file name, one of these words, or any other text. */
  readonly value: 'none' | 'file' | 'any' | readonly string[];
}

export interface CompletedVerb {
  /** `node drain`; empty for the command itself. */
  readonly path: string;
  readonly subVerbs: readonly { readonly name: string; readonly help: string }[];
  readonly flags: readonly CompletedFlag[];
  /** The words that its argument accepts. */
  readonly words: readonly string[];
}

/** The command itself first. */
export function readVerbs(command: Command, path = ''): readonly CompletedVerb[] {
  const help = command.createHelp();
  const subCommands = help.visibleCommands(command);
  const verb: CompletedVerb = {
    path,
    subVerbs: subCommands.map((sub) => ({ name: sub.name(), help: firstLine(sub.description()) })),
    flags: help.visibleOptions(command).map(readFlag),
    words: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  };
  // `help` completes to the verbs beside it and has none of its own.
  const below = command.commands.map((sub) =>
    readVerbs(sub, path === '' ? sub.name() : `${path} ${sub.name()}`),
  );
  return [verb, ...below.flat()];
}

/** Flags of all verbs that take a value: the word after one is not a verb. */
export function valueFlags(verbs: readonly CompletedVerb[]): readonly string[] {
  const names = verbs.flatMap(({ flags }) =>
    flags.flatMap(({ names, value }) => (value === 'none' ? [] : names)),
  );
  return [...new Set(names)].sort();
}

function readFlag(option: Option): CompletedFlag {
  const names = [option.short, option.long].flatMap((name) => name ?? []);
  return { names, help: firstLine(option.description), value: readValue(option) };
}

const FILES = ['file', 'path', 'dir'];

function readValue({ required, argChoices, flags }: Option): CompletedFlag['value'] {
  // An optional value (`--print-config=all`) is part of the flag's own word.
  if (!required) return 'none';
  const metavar = /<(.+?)>/.exec(flags)?.[1] ?? '';
  if (FILES.includes(metavar)) return 'file';
  // `<auto|docker|local>` lists its words; the n of `<n|all>` is not one.
  const words =
    argChoices ?? (metavar.includes('|') ? metavar.split('|').filter((word) => word.length > 1) : []);
  return words.length > 0 ? words : 'any';
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
