// The notebook behind the figure of the demo's article, where sandboxes are Jupyters that the demo has chosen. Each sandbox has it from its
// start, so that its kernel can run before the click (`--prime`), and click and article lead to it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { JUPYTER_COMMAND } from '../../node-agent/engine/command.ts';
import type { EngineKind } from '../../node-agent/engine/engine.ts';
import { chooseCommand } from '../../node-agent/engine/local/command.ts';

/** What a reader opens, and what of the nodes' options follows from that. */
export interface Opening {
  /** `/notebooks/swing.ipynb` */
  readonly path: string;
  /** Of a node-agent. */
  readonly args: readonly string[];
  /** `jupyter notebook` */
  readonly runs?: string;
}

const NAME = 'swing.ipynb';

/** Sandboxes that run what somebody else has chosen, or no Jupyter. */
export const NO_FIGURE: Opening = { path: '/', args: [] };

const CELLS = [
  [
    'markdown',
    '# How long does a swing swing?\n\nWith a damping of `γ`, what is its height after `t` seconds?',
  ],
  [
    'code',
    'from math import cos, exp\n\n\ndef height(t, damping):\n    return exp(-damping * t) * cos(2 * t)\n\n\nheight(5, damping=0.08)',
  ],
  [
    'code',
    "for t in range(21):\n    print(f'{t / 2:4} s', ' ' * round(20 + 18 * height(t / 2, damping=0.3)) + 'o')",
  ],
] as const;

const NOTEBOOK = JSON.stringify({
  ...{ nbformat: 4, nbformat_minor: 5 },
  metadata: { kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' } },
  cells: CELLS.map(([type, source], index) => ({
    ...{ cell_type: type, id: `figure-${index}`, metadata: {}, source },
    ...(type === 'code' ? { outputs: [], execution_count: null } : {}),
  })),
});

/** The figure's notebook where the demo has chosen what runs: an image that somebody names may have another kernel, or none. */
export async function chooseOpening(
  { image, command }: { readonly image: string; readonly command: string },
  engine: EngineKind,
  dir: string,
): Promise<Opening> {
  if (command !== '' || image !== '') return NO_FIGURE;
  return engine === 'local' ? localFigure(dir, process.env) : dockerFigure(JUPYTER_COMMAND);
}

/**
 * For processes on this machine, of which each is a Jupyter where that is installed.
 * @param dir of the demo: the notebook goes there, and a program that gives each sandbox a copy
 */
export async function localFigure(
  dir: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Opening> {
  const { template, describes } = await chooseCommand('', env);
  const [, app] = /^jupyter (notebook|lab)$/.exec(describes) ?? [];
  if (app === undefined) return NO_FIGURE;
  const notebook = join(dir, NAME);
  writeFileSync(notebook, NOTEBOOK);
  const program = join(dir, 'jupyter');
  // A file, because the command is what reports and error messages call the sandboxes.
  writeFileSync(program, `cp ${quoted(notebook)} . || exit\n${inScript(template)}\n`);
  const opening = openingOf(
    `sh ${quoted(program)} {base_path} {port} {ip}`,
    app === 'lab' ? 'lab/tree' : 'notebooks',
  );
  return { ...opening, runs: describes };
}

/** For containers of the image that the demo has chosen. They share no files with this machine, so the notebook is in their command. */
export function dockerFigure(jupyter: string): Opening {
  const notebook = Buffer.from(NOTEBOOK).toString('base64');
  return openingOf(`echo ${notebook} | base64 -d >${NAME} || exit; ${jupyter}`, 'notebooks');
}

function openingOf(command: string, view: string): Opening {
  return { path: `/${view}/${NAME}`, args: ['--command', command, '--prime', NAME] };
}

/** A command line with the arguments of a script in place of its placeholders. */
function inScript(template: string): string {
  const given = { base_path: '$1', port: '$2', ip: '$3' };
  return template.replaceAll(/\{(base_path|port|ip)\}/g, (_, name: keyof typeof given) => given[name]);
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`;
}
