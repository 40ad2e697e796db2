// docs/reference/options.md, from the tables of options of both programs, of the load test and of the plan.
import { loadOptions } from '../../cli/load/options.ts';
import { planOptions } from '../../cli/plan/options.ts';
import { nodeAgentOptions } from '../../node-agent/config.ts';
import { redirectorOptions } from '../../redirector/config.ts';
import { type Option, type Options, shownDefault } from '../../shared/config/option.ts';
import { envName, kebab } from '../../shared/config/option-names.ts';
import { code, document, table } from './markdown.ts';

/** Of options that a reload applies. */
const LIVE = '(live)';
/** Of options that it applies only where there was a value before, and still is. */
const ROTATED = '(live, once set)';

export function makeOptions(): string {
  return document(
    'Options',
    `An option is a flag, an environment variable or a key of the YAML file that \`--config\` names; the first of these that is
set counts. \`--print-config\` prints what results. A switch \`--name\` is turned off by \`--no-name\`, or by \`false\`.
A change of an option whose meaning ends with ${LIVE} applies after \`tmpfleet reload\`, \`systemctl reload\` or \`SIGHUP\`; with
${ROTATED} only from one value to another. Others wait for a restart. \`tmpfleet load\` and \`tmpfleet plan\` read no environment variables.`,
    ...sections('tmpfleet redirector', redirectorOptions),
    ...sections('tmpfleet node-agent', nodeAgentOptions),
    ...sections('tmpfleet load', loadOptions, false),
    ...sections('tmpfleet plan', planOptions, false),
  );
}

function sections(program: string, options: Options, readsEnvironment = true): readonly string[] {
  const columns = [
    'flag, key in the file',
    ...(readsEnvironment ? ['environment'] : []),
    'default',
    'meaning',
  ];
  const shown = (entry: readonly [string, Option<unknown>]): readonly string[] =>
    row(entry).filter((_, place) => readsEnvironment || place !== 1);
  const groups = new Map<string, [string, Option<unknown>][]>();
  for (const [key, spec] of Object.entries(options)) {
    const group = spec.group ?? 'Other';
    groups.set(group, [...(groups.get(group) ?? []), [key, spec]]);
  }
  return [
    `## ${program}`,
    ...[...groups].flatMap(([group, entries]) => [`### ${group}`, table(columns, entries.map(shown))]),
  ];
}

function row([key, spec]: readonly [string, Option<unknown>]): readonly string[] {
  const name = kebab(key);
  const environment = code(envName(key));
  if (spec.secret === true) {
    const flag = `${code(`--${name}-file FILE`)}, ${code(name)}`;
    return [flag, `${environment}, ${code(`${envName(key)}_FILE`)}`, 'none', spec.help];
  }
  const value = spec.kind.metavar === undefined ? '' : ` ${spec.kind.metavar}`;
  return [code(`--${name}${value}`), environment, shownDefault(spec) ?? 'none', meaningOf(spec)];
}

function meaningOf({ help, live }: Option<unknown>): string {
  if (live === undefined) return help;
  return `${help} ${live === true ? LIVE : ROTATED}`;
}
