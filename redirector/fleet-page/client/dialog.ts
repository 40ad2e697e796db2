// The one dialog: asks before something is done, says why it was refused, and lets who asked insist.
import type { NodeFinding } from '../../../shared/api/finding.ts';
import { ApiError, describeApiFailure } from './api.ts';
import { byId, make, say } from './dom.ts';

export interface DialogRequest {
  readonly title: string;
  readonly text: string;
  /** What the button says. */
  readonly go: string;
  /** Labels with their inputs. */
  readonly fields?: readonly HTMLElement[];
  /** Sends the order; the page shows the result. @throws ApiError */
  readonly run: (force: boolean) => Promise<Outcome>;
  /** What else than the last node's leaving may be insisted on. */
  readonly mayInsist?: (refusal: ApiError) => boolean;
}

export interface Outcome {
  readonly news: string;
  readonly findings?: readonly NodeFinding[] | undefined;
}

const dialog = byId('dialog', HTMLDialogElement);
const form = dialog.querySelector('form');
const go = byId('dialog-go', HTMLButtonElement);
const cancel = byId('dialog-cancel', HTMLButtonElement);
const error = byId('dialog-error', HTMLElement);
const findings = byId('dialog-findings', HTMLElement);
const news = byId('news', HTMLElement);

let open: DialogRequest | undefined;
let force = false;
let isBusy = false;
let newsTimer: number | undefined;

/** Long enough to be read; what lasts is to be seen at the node. */
const NEWS_MS = 12_000;

cancel.addEventListener('click', () => dialog.close());
// What was refused was something else: the answer to this is yet to be heard.
form?.addEventListener('input', () => {
  force = false;
  if (open !== undefined) say(go, open.go);
});
form?.addEventListener('submit', (event) => {
  event.preventDefault();
  void run();
});

/** @param refused why it was refused just now, when it was tried without asking */
export function askFor(question: DialogRequest, refused?: ApiError): void {
  open = question;
  force = false;
  say(byId('dialog-title', HTMLElement), question.title);
  say(byId('dialog-text', HTMLElement), question.text);
  byId('dialog-fields', HTMLElement).replaceChildren(...(question.fields ?? []));
  say(go, question.go);
  say(cancel, 'Cancel');
  go.hidden = false;
  say(error, '');
  findings.replaceChildren();
  dialog.showModal();
  if (refused !== undefined) explain(refused);
  const first = question.fields?.[0]?.querySelector('input, select');
  (first instanceof HTMLElement ? first : cancel).focus();
}

export function tell(text: string): void {
  say(news, text);
  clearTimeout(newsTimer);
  newsTimer = setTimeout(() => say(news, ''), NEWS_MS);
}

async function run(): Promise<void> {
  const question = open;
  // Not by `disabled`, which would take the focus out of the dialog.
  if (question === undefined || isBusy) return;
  isBusy = true;
  go.ariaBusy = 'true';
  say(error, '');
  try {
    const outcome = await question.run(force);
    tell(outcome.news);
    const found = outcome.findings ?? [];
    showFindings(found);
    if (found.some(({ ok }) => !ok)) showDone(outcome.news);
    else dialog.close();
  } catch (failure) {
    explain(failure);
  } finally {
    isBusy = false;
    go.ariaBusy = 'false';
  }
}

/** Done, but there is something to be read. */
function showDone(text: string): void {
  say(byId('dialog-text', HTMLElement), text);
  byId('dialog-fields', HTMLElement).replaceChildren();
  go.hidden = true;
  say(cancel, 'Close');
  cancel.focus();
}

function explain(failure: unknown): void {
  const refusal = failure instanceof ApiError ? failure : undefined;
  showFindings(refusal?.findings ?? []);
  if (open !== undefined && refusal !== undefined) {
    force = refusal.isForceable || open.mayInsist?.(refusal) === true;
    say(go, force ? `${open.go} all the same` : open.go);
  }
  if (refusal?.isForceable === true) {
    say(error, `${refusal.message}. Readers who come would be refused until another node takes them.`);
    return;
  }
  const remedy = refusal === undefined || refusal.remedy === '' ? '' : `: ${refusal.remedy}`;
  say(error, `${describeApiFailure(failure)}${remedy}`);
}

function showFindings(found: readonly NodeFinding[]): void {
  const lines = found.map(({ check, ok, detail }) =>
    make('li', { 'data-ok': String(ok) }, make('b', {}, `${ok ? '✓' : '✗'} ${check} `), detail),
  );
  findings.replaceChildren(...lines);
}
