// One node on the page: made once, then changed in place, so that focus and selection survive each second's news.
import type { EventNode } from '../../../shared/api/event.ts';
import type { Slots } from '../../../shared/api/node.ts';
import { make, mark, say } from './dom.ts';
import { askToDrain, askToRemove, turnCordon } from './orders.ts';
import { ageOf, remarkOn, slotWord, standingOf } from './words.ts';

export const SLOT_STATES: readonly (keyof Slots)[] = ['held', 'warm', 'starting', 'removing', 'free'];

/** A report of that age has been missed more than once. s */
const OLD = 10;

export class NodeItem {
  readonly element = make('li', { class: 'node' });
  #row: EventNode;
  readonly #name = make('a', { target: '_blank', rel: 'noreferrer noopener' });
  readonly #badge = make('span', { class: 'badge' });
  readonly #address = make('span', { class: 'address dim' });
  readonly #bar = make('div', { class: 'bar', role: 'img' });
  readonly #parts = SLOT_STATES.map((state) => make('span', { 'data-key': state }));
  readonly #numbers = make('p', { class: 'numbers' });
  readonly #remark = make('p', { class: 'remark' });
  readonly #age = make('span', {});
  readonly #build = make('span', {});
  readonly #cordon = make('button', { type: 'button', class: 'quiet' });
  readonly #drain = make('button', { type: 'button', class: 'quiet' }, 'Drain…');
  readonly #remove = make('button', { type: 'button', class: 'quiet' }, 'Remove…');

  constructor(row: EventNode) {
    this.#row = row;
    this.#bar.append(...this.#parts);
    this.element.append(
      make('div', { class: 'who' }, make('h3', {}, this.#name), this.#badge, this.#address),
      make('div', { class: 'what' }, this.#bar, this.#numbers),
      make('div', { class: 'more' }, this.#remark, make('p', { class: 'dim' }, this.#age, this.#build)),
      make('div', { class: 'actions' }, this.#cordon, this.#drain, this.#remove),
    );
    this.#cordon.addEventListener('click', () => void this.#turn());
    this.#drain.addEventListener('click', () => askToDrain(this.#row));
    this.#remove.addEventListener('click', () => askToRemove(this.#row));
    this.#draw();
  }

  get row(): EventNode {
    return this.#row;
  }

  change(row: EventNode): void {
    this.#row = row;
    this.#draw();
  }

  /** What changes with time alone. @param now ms since 1970, by the server's clock */
  age(seconds: number | undefined, now: number): void {
    say(this.#age, ageOf(seconds));
    mark(this.#age, 'class', seconds === undefined || seconds > OLD ? 'late' : '');
    say(this.#remark, remarkOn(this.#row, now));
  }

  #draw(): void {
    const { id, url, slots, frozen, capacity, plain, version, image } = this.#row;
    const standing = standingOf(this.#row);
    mark(this.element, 'data-standing', standing.replaceAll(' ', '-'));
    say(this.#name, id);
    // The registry takes no other addresses; a link of another kind could run a script.
    if (/^https?:\/\//.test(url)) mark(this.#name, 'href', plain ? url : `${url}/info`);
    say(this.#address, url);
    say(this.#badge, standing);
    SLOT_STATES.forEach((state, index) => {
      const part = this.#parts[index];
      if (part !== undefined) part.style.flexGrow = String(slots[state]);
    });
    const told = SLOT_STATES.filter((state) => slots[state] > 0 || state === 'held' || state === 'warm');
    const numbers = told.map(
      (state) =>
        `${slots[state]} ${plain && state === 'held' ? 'taken' : slotWord(state)}${
          state === 'held' && (frozen ?? 0) > 0 ? ` (${frozen} frozen)` : ''
        }`,
    );
    const text = capacity === 0 ? 'no slots known' : `${numbers.join(' · ')} of ${capacity}`;
    say(this.#numbers, text);
    mark(this.#bar, 'aria-label', `${id}: ${text}`);
    const build = [plain ? 'plain tmpnb' : '', version === null ? '' : `v${version}`, image ?? ''];
    say(
      this.#build,
      build
        .filter((part) => part !== '')
        .map((part) => ` · ${part}`)
        .join(''),
    );
    this.#drawActions();
  }

  #drawActions(): void {
    const { id, state, plain } = this.#row;
    const verb = this.#verb();
    say(this.#cordon, verb === 'cordon' ? 'Cordon' : 'Uncordon');
    mark(this.#cordon, 'aria-label', `${verb === 'cordon' ? 'Cordon' : 'Uncordon'} ${id}`);
    say(this.#drain, state === 'draining' ? 'Deadline…' : 'Drain…');
    mark(this.#drain, 'aria-label', `${state === 'draining' ? 'Change the deadline of' : 'Drain'} ${id}`);
    mark(this.#remove, 'aria-label', `Remove ${id}`);
    this.#cordon.hidden = plain || state === null;
    this.#drain.hidden = plain || state === null;
  }

  #verb(): 'cordon' | 'uncordon' {
    return this.#row.state === 'ready' ? 'cordon' : 'uncordon';
  }

  async #turn(): Promise<void> {
    // Not `disabled`, which would take the focus away.
    if (this.#cordon.ariaBusy === 'true') return;
    this.#cordon.ariaBusy = 'true';
    await turnCordon(this.#row, this.#verb());
    this.#cordon.ariaBusy = 'false';
  }
}
