// Completion for zsh, sourced or found in $fpath as _tmpfleet.
import { type CompletedFlag, type CompletedVerb, valueFlags } from './verb-tree.ts';

export function zshCompletion(verbs: readonly CompletedVerb[]): string {
  const paths = verbs.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  return `#compdef tmpfleet
# Completion of tmpfleet for zsh: source <(tmpfleet completion zsh)
_tmpfleet() {
  local verb='' word i
  local -a subs flags
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    case $word in
      (${valueFlags(verbs).join('|')}) ((i++)); continue ;;
    esac
    case "\${verb:+$verb }$word" in
      (${paths.join('|')}) verb="\${verb:+$verb }$word" ;;
    esac
  done
  case "$verb $words[CURRENT-1]" in
${verbs.flatMap((verb) => verb.flags.flatMap((flag) => valueCases(verb.path, flag))).join('\n')}
  esac
  case $verb in
${verbs.map(verbCase).join('\n')}
  esac
  if [[ $PREFIX == -* || $#subs -eq 0 ]]; then _describe -o flag flags; else _describe verb subs; fi
}
if [[ $funcstack[1] == _tmpfleet ]]; then _tmpfleet "$@"; else compdef _tmpfleet tmpfleet; fi
`;
}

function valueCases(path: string, { names, value, help }: CompletedFlag): readonly string[] {
  if (value === 'none') return [];
  const reply =
    value === 'file'
      ? '_files'
      : value === 'any'
        ? `_message ${quote(help)}`
        : `compadd -- ${value.join(' ')}`;
  return names.map((name) => `    ('${path} ${name}') ${reply}; return ;;`);
}

function verbCase({ path, subVerbs, flags, words }: CompletedVerb): string {
  const subs = [
    ...subVerbs.map(({ name, help }) => entry(name, help)),
    ...words.map((word) => entry(word, '')),
  ];
  const all = flags.flatMap(({ names, help }) => names.map((name) => entry(name, help)));
  return `    ('${path}')\n      subs=(${subs.join(' ')})\n      flags=(${all.join(' ')}) ;;`;
}

/** `name:help`, as _describe reads it. */
function entry(name: string, help: string): string {
  return quote(`${name.replaceAll(':', '\\:')}:${help}`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
