// The options of priming: which notebooks' kernels run before a reader comes. See node-agent/priming/.
import { type ConfigOf, inGroup, type Kind, option, text } from '../../shared/config/option.ts';
import { describeError } from '../../shared/errors.ts';
import { readOperatorFile } from '../../shared/operator-file.ts';

/** One of the notebooks of `--prime`. */
export interface PrimeTarget {
  /** Its path below Jupyter's root, such as `work/figures.ipynb`. */
  readonly notebook: string;
  /** How many sandboxes are primed for it, in relation to the other notebooks. */
  readonly weight: number;
}

const EXPECTS = 'paths of notebooks below the root of Jupyter, such as index.ipynb, or a.ipynb=3,b.ipynb=1';

/** A path of names, of which none is hidden or climbs; and a weight. */
const TARGET = /^((?:[^./=,][^/=,]*\/)*[^./=,][^/=,]*\.ipynb)(?:=([1-9]\d{0,3}))?$/;

const targets: Kind<readonly PrimeTarget[]> = {
  ...text('notebook', EXPECTS),
  schema: text('', '').schema.transform((value, context) => {
    const found = value
      .split(',')
      .filter((part) => part !== '')
      .map(parseTarget);
    const names = new Set(found.map((target) => target?.notebook));
    if (found.every((target) => target !== undefined) && names.size === found.length) return found;
    context.addIssue({ code: 'custom', message: EXPECTS });
    return [];
  }),
  expects: EXPECTS,
  format: (value) => value.map(({ notebook, weight }) => `${notebook}=${weight}`).join(','),
};

export const primeOptions = inGroup('Sandboxes', {
  prime: {
    ...option(
      targets,
      [],
      'notebooks whose kernel runs before a reader comes, each with its weight; a reader who opens one finds it ready. Needs Jupyter; a kernel takes about 80 MiB of its sandbox',
    ),
    whenUnset: 'none',
  },
  primeCell: {
    ...option(
      text('file', 'a file with code'),
      '',
      'file with code that each primed kernel runs before its sandbox is warm, such as the imports of the article',
    ),
    whenUnset: 'none',
  },
});
export type PrimeConfig = ConfigOf<typeof primeOptions>;

const MAX_CELL_CHARACTERS = 100_000;

/** The code of `--prime-cell`; empty without one. Only after `primeProblems` has found nothing. */
export function readPrimeCell({ primeCell }: PrimeConfig): string {
  return primeCell === '' ? '' : readOperatorFile(primeCell).toString();
}

/** What of the options is part of a sandbox's recipe. Nothing without priming, as in versions that knew none. */
export function primeRecipe(config: PrimeConfig): readonly unknown[] {
  return config.prime.length === 0 ? [] : [{ prime: config.prime, cell: readPrimeCell(config) }];
}

/** What is wrong with the options, for an error of the configuration. */
export function primeProblems(config: PrimeConfig): readonly string[] {
  const { prime, primeCell } = config;
  if (primeCell === '') return [];
  const problems = prime.length === 0 ? ['prime-cell: has no effect without --prime'] : [];
  try {
    const { length } = readPrimeCell(config);
    if (length > MAX_CELL_CHARACTERS)
      problems.push(`prime-cell: ${primeCell} has ${length} characters; at most ${MAX_CELL_CHARACTERS}`);
  } catch (error) {
    problems.push(`prime-cell: ${JSON.stringify(primeCell)} cannot be read: ${describeError(error)}`);
  }
  return problems;
}

function parseTarget(text: string): PrimeTarget | undefined {
  const [, notebook, weight = '1'] = TARGET.exec(text) ?? [];
  return notebook === undefined ? undefined : { notebook, weight: Number(weight) };
}
