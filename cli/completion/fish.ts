// Completion for fish 3 and newer.
import { type CompletedFlag, type CompletedVerb, valueFlags } from './verb-tree.ts';

export function fishCompletion(verbs: readonly CompletedVerb[]): string {
  const paths = verbs.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  return `# Completion of tmpfleet for fish: tmpfleet completion fish | source
function __tmpfleet_at
  set -l verb
  set -l skip no
  for word in (commandline -opc)[2..]
    if test $skip = yes
      set skip no
    else if contains -- $word ${valueFlags(verbs).join(' ')}
      set skip yes
    else if contains -- (string join ' ' $verb $word) ${paths.join(' ')}
      set -a verb $word
    end
  end
  test "$verb" = "$argv"
end
complete -c tmpfleet -f
${verbs.flatMap(linesOf).join('\n')}
`;
}

function linesOf({ path, subVerbs, flags, words }: CompletedVerb): readonly string[] {
  const here = `complete -c tmpfleet -n '__tmpfleet_at ${path}'`;
  return [
    ...subVerbs.map(({ name, help }) => `${here} -a ${name} -d ${quote(help)}`),
    ...words.map((word) => `${here} -a ${word}`),
    ...flags.map((flag) => `${here} ${flagWords(flag)} -d ${quote(flag.help)}`),
  ];
}

function flagWords({ names, value }: CompletedFlag): string {
  const spelt = names
    .map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`))
    .join(' ');
  if (value === 'none') return spelt;
  if (value === 'file') return `${spelt} -r -F`;
  return value === 'any' ? `${spelt} -x` : `${spelt} -x -a '${value.join(' ')}'`;
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
