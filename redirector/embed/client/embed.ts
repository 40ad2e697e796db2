// GET /embed.js, on a publisher's page: a button whose click opens a live notebook in a lightbox, or in an element of the page.
// Nothing is asked of the fleet before the click. A classic script without dependencies: the page says what it wants by
// `data-` attributes of the `<script>` element, which docs/embed.md lists.

/** An import would make a module of this classic script. */
type Words = import('../../../shared/words/embed.ts').EmbedWords;

/** Put ahead of this script by the front: see ../script.ts. */
declare const WORDS: Readonly<Record<string, Words>>;

interface Figure {
  /** In the page, so that the form's target finds the frame: a frame in a shadow tree has no name outside of it. */
  readonly host: HTMLElement;
  readonly frame: HTMLIFrameElement;
  readonly status: HTMLElement;
}

/** What the page of a reader in line, and the companion in the notebook's page (node-agent/companion), say for the page's own listeners. */
const RELAYED = ['waiting', 'ready', 'ending', 'ended'] as const;

type State = 'open' | 'launching' | 'closed' | (typeof RELAYED)[number];

const STYLE = `
:host { color-scheme: light dark; }
button { font: inherit; padding: .5em 1.1em; border: 1px solid; border-radius: .4em; cursor: pointer; }
.start { border-color: #0b57d0; background: #0b57d0; color: #fff; font-weight: 600; }
button:focus-visible { outline: 3px solid #f5a300; outline-offset: 2px; }
dialog { width: min(96vw, 80rem); height: 92vh; height: 92dvh; max-width: none; max-height: none; padding: 0; border: 1px solid #888;
  border-radius: .5rem; background: Canvas; color: CanvasText; overflow: hidden; resize: both; }
dialog[open] { display: flex; flex-direction: column; }
dialog::backdrop { background: rgb(0 0 0 / .6); }
.head { display: flex; align-items: center; gap: 1rem; padding: .35rem .35rem .35rem .9rem; font: 1rem/1.4 system-ui, sans-serif; }
h2 { flex: 1; margin: 0; font-size: 1rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.close { min-width: 2.75rem; min-height: 2.75rem; padding: 0; border-color: transparent; background: none; color: inherit; font-size: 1.25rem; }
.body { position: relative; flex: 1; min-height: 0; }
.into { height: 100%; }
.status { position: absolute; inset: 0; display: flex; align-items: center; justify-content: center; gap: .8rem; margin: 0;
  font: 1.05rem system-ui, sans-serif; background: Canvas; color: CanvasText; pointer-events: none; }
.status::before { content: ""; width: 1.2rem; height: 1.2rem; border: 3px solid; border-right-color: transparent; border-radius: 50%; animation: turn 1s linear infinite; }
[hidden] { display: none !important; }
@keyframes turn { to { transform: rotate(1turn); } }
@media (prefers-reduced-motion: reduce) { .status::before { animation: none; } }
@media (max-width: 40rem), (max-height: 30rem) { dialog { width: 100vw; height: 100vh; height: 100dvh; border: 0; border-radius: 0; margin: 0; resize: none; } }
@media print { :host { display: none; } }
`;

function embed(script: HTMLScriptElement): void {
  const { path = '/', label, title, lang, button: buttonAt, into: intoAt } = script.dataset;
  const words = wordsFor(lang ?? script.closest('[lang]')?.getAttribute('lang') ?? navigator.language);
  const address = new URL(path, script.src);
  if (address.origin !== new URL(script.src).origin)
    throw new Error(
      `tmpfleet: data-path ${JSON.stringify(path)} must be a path at ${new URL(script.src).origin}`,
    );

  const into = intoAt === undefined ? undefined : find(intoAt, 'data-into');
  const start = buttonAt === undefined ? undefined : find(buttonAt, 'data-button');
  const place = document.createElement('span');
  const root = shadowOf(place);
  const button = start ?? element('button', 'start', label ?? words.label);
  if (start === undefined) {
    button.setAttribute('part', 'button');
    root.append(button);
  }
  script.after(place);

  const name = title ?? label ?? words.title;
  let figure: Figure | undefined;
  let show: () => void = () => undefined;
  button.addEventListener('click', (event) => {
    event.preventDefault();
    if (figure === undefined) {
      figure = makeFigure(name, words);
      show =
        into === undefined ? inLightbox(figure, { name, words, button }) : inElement(figure, into, place);
      show();
      launch(figure, address);
    } else show();
  });
}

/** Navigates the frame by a POST: that says that somebody clicked, so the fleet's launch page needs no second button. */
function launch({ host, frame, status }: Figure, address: URL): void {
  tell(host, 'launching');
  window.addEventListener('message', ({ source, data }: MessageEvent<unknown>) => {
    if (source === frame.contentWindow) relay(host, data);
  });
  status.hidden = false;
  frame.addEventListener('load', () => {
    // A frame that was just added to a page has loaded `about:blank`.
    if (isBlank(frame)) return;
    status.hidden = true;
  });
  const form = document.createElement('form');
  form.method = 'post';
  form.action = address.href;
  form.target = frame.name;
  form.hidden = true;
  host.append(form);
  // The page may forbid forms by its policy; then the launch page asks for another click.
  const refused = ({ effectiveDirective }: SecurityPolicyViolationEvent): void => {
    if (effectiveDirective === 'form-action') frame.src = address.href;
  };
  document.addEventListener('securitypolicyviolation', refused);
  frame.addEventListener(
    'load',
    () => !isBlank(frame) && document.removeEventListener('securitypolicyviolation', refused),
  );
  form.submit();
  form.remove();
}

function isBlank(frame: HTMLIFrameElement): boolean {
  try {
    return frame.contentDocument?.URL === 'about:blank';
  } catch {
    return false;
  }
}

let figures = 0;

function makeFigure(name: string, words: Words): Figure {
  figures += 1;
  const host = document.createElement('div');
  const frame = document.createElement('iframe');
  frame.name = `tmpfleet-${figures}-${Math.random().toString(36).slice(2)}`;
  frame.title = name;
  frame.allow = 'fullscreen; clipboard-read; clipboard-write';
  // The page's own rules for frames must not reach this one. Set one by one: a policy may forbid style attributes.
  for (const [property, value] of [
    ['display', 'block'],
    ['width', '100%'],
    ['height', '100%'],
    ['max-width', 'none'],
    ['max-height', 'none'],
    ['min-width', '0'],
    ['margin', '0'],
    ['padding', '0'],
    ['border', '0'],
    ['position', 'static'],
  ] as const)
    frame.style.setProperty(property, value, 'important');
  host.append(frame);
  const status = element('p', 'status', words.starting);
  status.setAttribute('role', 'status');
  return { host, frame, status };
}

interface LightboxOptions {
  readonly name: string;
  readonly words: Words;
  readonly button: HTMLElement;
}

/** The frame stays in the page while the lightbox is closed, so that it opens again as it was. */
function inLightbox(figure: Figure, { name, words, button }: LightboxOptions): () => void {
  const { host, status, frame } = figure;
  const dialog = document.createElement('dialog');
  const header = element('div', 'head');
  const heading = element('h2', '', name);
  heading.id = 'name';
  dialog.setAttribute('aria-labelledby', 'name');
  const close = element('button', 'close', '✕');
  close.setAttribute('aria-label', words.close);
  close.title = words.close;
  const body = element('div', 'body');
  header.append(heading, close);
  body.append(document.createElement('slot'), status);
  dialog.append(header, body);
  shadowOf(host).append(dialog);
  document.body.append(host);

  const page = document.documentElement;
  let overflow = '';
  close.addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', (event) => {
    // Of the backdrop, which counts as the dialog itself.
    if (event.target === dialog && isOutside(event, dialog.getBoundingClientRect())) dialog.close();
  });
  dialog.addEventListener('close', () => {
    page.style.overflow = overflow;
    button.focus();
    tell(host, 'closed');
  });
  frame.addEventListener('load', () => dialog.open && !isBlank(frame) && frame.focus());
  return () => {
    if (dialog.open) return;
    overflow = page.style.overflow;
    page.style.overflow = 'hidden';
    dialog.showModal();
    tell(host, 'open');
  };
}

function isOutside({ clientX, clientY }: MouseEvent, { left, right, top, bottom }: DOMRect): boolean {
  return clientX < left || clientX > right || clientY < top || clientY > bottom;
}

/** @param place of our button, which goes: there is nothing left to open. An element of the page stays */
function inElement({ host, status, frame }: Figure, into: HTMLElement, place: HTMLElement): () => void {
  const body = element('div', 'body into');
  body.append(document.createElement('slot'), status);
  shadowOf(host).append(body);
  host.style.height = '100%';
  return () => {
    if (host.isConnected) return;
    into.replaceChildren(host);
    // An element without a height of its own would leave the frame none.
    if (host.clientHeight < 50) host.style.height = '32rem';
    place.remove();
    frame.focus();
    tell(host, 'open');
  };
}

/** For the page: `document.addEventListener('tmpfleet:open', …)`. */
function tell(host: HTMLElement, state: State, detail?: object): void {
  host.dispatchEvent(new CustomEvent(`tmpfleet:${state}`, { bubbles: true, detail }));
}

/** Whatever page is in the frame can say this: a hint, from which nothing but the event follows. */
function relay(host: HTMLElement, data: unknown): void {
  if (typeof data !== 'object' || data === null) return;
  const { type, ...detail }: { type?: unknown } = data;
  const state = RELAYED.find((name) => type === `tmpfleet:${name}`);
  if (state !== undefined) tell(host, state, detail);
}

function shadowOf(host: HTMLElement): ShadowRoot {
  const root = host.attachShadow({ mode: 'open' });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
  return root;
}

function element(tag: string, className: string, text = ''): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  if (made instanceof HTMLButtonElement) made.type = 'button';
  return made;
}

function find(selector: string, attribute: string): HTMLElement {
  const found = document.querySelector(selector);
  if (found instanceof HTMLElement) return found;
  throw new Error(`tmpfleet: ${attribute} finds no element by ${JSON.stringify(selector)}`);
}

/** By the longest part of a language tag that there are words for: `pt-BR`, then `pt`. */
function wordsFor(tag: string): Words {
  const parts = tag.toLowerCase().split('-');
  while (parts.length > 0) {
    const words = WORDS[parts.join('-')];
    if (words !== undefined) return words;
    parts.pop();
  }
  return WORDS.en as Words;
}

if (document.currentScript instanceof HTMLScriptElement) embed(document.currentScript);
