// The fleet page: shows what the redirector reports.
import type { EventNode, FleetEvent } from '../../../shared/api/event.ts';
import { token } from './api.ts';
import { Charts } from './charts.ts';
import { FleetConnection } from './connection.ts';
import { byId, make, say } from './dom.ts';
import { NodeItem, SLOT_STATES } from './node-row.ts';
import { askToAdd } from './orders.ts';
import { count, slotWord, standingOf } from './words.ts';

const board = byId('board', HTMLElement);
const list = byId('node-list', HTMLElement);
const tokenForm = byId('token-form', HTMLFormElement);
const tokenInput = byId('token', HTMLInputElement);
const forget = byId('forget', HTMLButtonElement);

/** `node2` comes before `node10`. */
const byName = new Intl.Collator('en', { numeric: true });
const items = new Map<string, NodeItem>();
const totals = new Map<string, HTMLElement>();
let charts: Charts | undefined;

const connection = new FleetConnection({
  history: (answer) => {
    // The charts take their size from where they are, so that must be shown first.
    board.hidden = false;
    tokenForm.hidden = true;
    forget.hidden = token.get() === '';
    say(byId('empty-curl', HTMLElement), exampleOfAdding());
    charts ??= new Charts();
    charts.replace(answer);
  },
  update: show,
  tokenWanted,
});

begin();

function begin(): void {
  for (const name of ['nodes', 'held', 'warm', 'starting', 'free', 'waiting']) {
    const number = make('dd', { id: `total-${name}` }, '–');
    totals.set(name, number);
    byId('totals', HTMLElement).append(
      make('div', { 'data-key': name }, make('dt', {}, slotWord(name)), number),
    );
  }
  for (const state of SLOT_STATES)
    byId('slot-legend', HTMLElement).append(make('li', { 'data-key': state }, slotWord(state)));
  byId('add', HTMLButtonElement).addEventListener('click', askToAdd);
  tokenForm.addEventListener('submit', (event) => {
    event.preventDefault();
    token.set(tokenInput.value.trim());
    void connection.connect();
  });
  forget.addEventListener('click', () => {
    token.forget();
    void connection.connect();
  });
  void connection.connect();
}

function exampleOfAdding(): string {
  const header = token.get() === '' ? '' : ` -H 'Authorization: Bearer …'`;
  return `curl -X POST ${new URL('api/nodes', location.href).href}${header} -d '{"url":"https://node7.example.org"}'`;
}

function tokenWanted(): void {
  const wasRefused = token.get() !== '';
  token.forget();
  board.hidden = true;
  forget.hidden = true;
  tokenForm.hidden = false;
  say(byId('token-error', HTMLElement), wasRefused ? 'That is not the token of this redirector.' : '');
  tokenInput.value = '';
  tokenInput.focus();
}

function show(update: FleetEvent): void {
  const { nodes, whole, removed, report_age_seconds: ages } = update;
  const at = Date.parse(update.at);
  const present = new Set(nodes.map(({ id }) => id));
  const left = whole ? [...items.keys()].filter((id) => !present.has(id)) : removed;
  for (const id of left) drop(id);
  for (const row of nodes) put(row);
  arrange();
  for (const [id, item] of items) item.age(ages[id], at);
  say(byId('version', HTMLElement), update.version);
  byId('empty', HTMLElement).hidden = items.size > 0;
  showTotals(update.waiting);
  charts?.add(update.bucket, at / 1000);
}

function put(row: EventNode): void {
  const item = items.get(row.id);
  if (item !== undefined) {
    item.change(row);
    return;
  }
  items.set(row.id, new NodeItem(row));
}

/** By name. Those that are in their place stay there untouched: moving them would take the focus out of them. */
function arrange(): void {
  if (list.children.length === items.size) return;
  const sorted = [...items.values()].sort((one, other) => byName.compare(one.row.id, other.row.id));
  sorted.forEach(({ element }, place) => {
    const here = list.children[place] ?? null;
    if (here !== element) list.insertBefore(element, here);
  });
}

function drop(id: string): void {
  const item = items.get(id);
  if (item === undefined) return;
  items.delete(id);
  const hadFocus = item.element.contains(document.activeElement);
  item.element.remove();
  if (hadFocus) byId('nodes', HTMLElement).focus();
}

function showTotals(waiting: number): void {
  const rows = [...items.values()].map(({ row }) => row);
  const heard = rows.filter(({ reachability }) => reachability === 'reachable');
  const sum = (of: (row: EventNode) => number): number => heard.reduce((all, row) => all + of(row), 0);
  const numbers: Readonly<Record<string, string>> = {
    nodes: String(rows.length),
    held: `${sum(({ slots }) => slots.held)} of ${sum(({ capacity }) => capacity)}`,
    warm: String(sum(({ slots }) => slots.warm)),
    starting: String(sum(({ slots }) => slots.starting)),
    free: String(sum(({ slots }) => slots.free)),
    waiting: String(waiting),
  };
  for (const [name, element] of totals) say(element, numbers[name] ?? '–');
  const standings = new Map<string, number>(
    ['ready', 'cordoned', 'draining', 'drained'].map((name) => [name, 0]),
  );
  for (const row of rows) standings.set(standingOf(row), (standings.get(standingOf(row)) ?? 0) + 1);
  const there = [...standings].filter(([, number]) => number > 0);
  const inWords = there.map(([standing, number]) => `${number} ${standing}`).join(', ');
  say(byId('node-count', HTMLElement), inWords);
  document.title = rows.length === 0 ? 'Fleet' : `Fleet: ${count(rows.length, 'node')}, ${inWords}`;
}
