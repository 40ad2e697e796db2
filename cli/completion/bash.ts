// Completion for bash 4 and newer; does not need the bash-completion package.
import { type CompletedFlag, type CompletedVerb, valueFlags } from './verb-tree.ts';

export function bashCompletion(verbs: readonly CompletedVerb[]): string {
  const paths = verbs.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  return `# Completion of tmpfleet for bash: source <(tmpfleet completion bash)
_tmpfleet() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} verb='' word i subs='' flags=''
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case $word in
      ${valueFlags(verbs).join('|')}) ((i++)); continue ;;
    esac
    case "\${verb:+$verb }$word" in
      ${paths.join('|')}) verb="\${verb:+$verb }$word" ;;
    esac
  done
  case "$verb $prev" in
${verbs.flatMap((verb) => verb.flags.flatMap((flag) => valueCases(verb.path, flag))).join('\n')}
  esac
  case $verb in
${verbs.map(verbCase).join('\n')}
  esac
  [[ $cur == -* || -z $subs ]] && subs="$subs $flags"
  COMPREPLY=($(compgen -W "$subs" -- "$cur"))
}
complete -F _tmpfleet tmpfleet
`;
}

function valueCases(path: string, { names, value }: CompletedFlag): readonly string[] {
  if (value === 'none') return [];
  const reply =
    value === 'file'
      ? 'compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur"))'
      : value === 'any'
        ? 'COMPREPLY=()'
        : `COMPREPLY=($(compgen -W '${value.join(' ')}' -- "$cur"))`;
  return names.map((name) => `    '${path} ${name}') ${reply}; return ;;`);
}

function verbCase({ path, subVerbs, flags, words }: CompletedVerb): string {
  const names = [...subVerbs.map(({ name }) => name), ...words].join(' ');
  return `    '${path}') subs='${names}' flags='${flags.flatMap((flag) => flag.names).join(' ')}' ;;`;
}
