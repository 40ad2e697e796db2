// The orders of the fleet page, each with its dialog.
import type { EventNode } from '../../../shared/api/event.ts';
import { ApiError, describeApiFailure, order } from './api.ts';
import { askFor, type DialogRequest, tell } from './dialog.ts';
import { make } from './dom.ts';
import { count } from './words.ts';

const DEADLINES: readonly (readonly [value: string, label: string])[] = [
  ['0s', 'now: all sandboxes end at once'],
  ['10m', '10 minutes'],
  ['30m', '30 minutes'],
  ['1h', '1 hour'],
  ['2h', '2 hours'],
  ['6h', '6 hours'],
  ['24h', '1 day'],
];

const path = (id: string, verb?: string): string =>
  `api/nodes/${encodeURIComponent(id)}${verb === undefined ? '' : `/${verb}`}`;

/** Reversible, so done at once; asked about only when it has to be insisted on. */
export async function turnCordon({ id }: EventNode, verb: 'cordon' | 'uncordon'): Promise<void> {
  const run = async (force: boolean) => {
    await order('POST', path(id, verb), { force });
    return { news: verb === 'cordon' ? `${id} takes no new readers` : `${id} takes readers again` };
  };
  try {
    tell((await run(false)).news);
  } catch (error) {
    const question: DialogRequest = {
      title: `${verb === 'cordon' ? 'Cordon' : 'Uncordon'} ${id}?`,
      text: 'It was not done:',
      go: verb === 'cordon' ? 'Cordon it' : 'Try again',
      run,
    };
    if (error instanceof ApiError) askFor(question, error);
    else tell(`${id}: ${describeApiFailure(error)}`);
  }
}

export function askToDrain({ id, slots }: EventNode): void {
  const choice = make(
    'select',
    {},
    ...DEADLINES.map(([value, label]) =>
      make('option', { value, ...(value === '30m' ? { selected: '' } : {}) }, label),
    ),
  );
  askFor({
    title: `Drain ${id}?`,
    text: `No new readers are sent there, and those who are there (${slots.held}) may stay until the deadline. What is warm goes at once.`,
    go: 'Drain it',
    fields: [make('label', {}, 'Deadline ', choice)],
    run: async (force) => {
      await order('POST', path(id, 'drain'), { deadline: choice.value, force });
      return { news: `${id} is draining` };
    },
  });
}

export function askToRemove({ id, slots, state }: EventNode): void {
  const left = slots.held > 0 ? ` ${count(slots.held, 'reader is', 'readers are')} still there.` : '';
  const advice = state === 'drained' ? '' : ' Drain it first to let them leave.';
  askFor({
    title: `Remove ${id}?`,
    text: `The redirector sends no more readers to this node. Its sandboxes keep running.${left}${left === '' ? '' : advice}`,
    go: 'Remove it',
    run: async () => {
      await order('DELETE', path(id));
      return { news: `${id} was removed` };
    },
  });
}

export function askToAdd(): void {
  const url = make('input', {
    ...{ type: 'url', required: '', autocomplete: 'off', spellcheck: 'false' },
    placeholder: 'https://node7.example.org',
  });
  const name = make('input', {
    ...{ autocomplete: 'off', spellcheck: 'false', maxlength: '63', placeholder: 'from its address' },
    pattern: '[a-zA-Z0-9][a-zA-Z0-9._\\-]*',
    title: 'letters, digits, dot, dash, underscore; a letter or digit first',
  });
  askFor({
    title: 'Add a node',
    text: 'Give the address that readers are sent to. The redirector polls it from now on, and sends readers as soon as it has room.',
    go: 'Add it',
    fields: [make('label', {}, 'Address ', url), make('label', {}, 'Name (optional) ', name)],
    // The redirector checks a node before it adds it, unless `probe` is false.
    mayInsist: ({ findings }) => findings.length > 0,
    run: async (force) => {
      const id = name.value.trim();
      const node = {
        url: url.value.trim(),
        ...(id === '' ? {} : { id }),
        ...(force ? { probe: false } : {}),
      };
      const { findings } = await order('POST', 'api/nodes', node);
      return { news: `${id === '' ? node.url : id} was added`, findings };
    },
  });
}
