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
  /** Shown once the notebook can be replaced by a new one; undefined where there is no place for it. */
  afresh?: HTMLElement;
  /** Until then, an end of the notebook that its reader wants is a beginning of the next one; ms of `performance.now()`. */
  afreshUntil: number;
}

/** What the page of a reader in line, and the companion in the notebook's page (node-agent/companion), say for the page's own listeners. */
const RELAYED = ['waiting', 'ready', 'ending', 'ended'] as const;

type State = 'open' | 'launching' | 'closed' | (typeof RELAYED)[number];

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
      watch(figure, address);
      launch(figure, address);
    } else show();
  });
}

function watch(figure: Figure, address: URL): void {
  const { frame, status } = figure;
  window.addEventListener('message', ({ source, data }: MessageEvent<unknown>) => {
    if (source === frame.contentWindow) relay(figure, data, () => launch(figure, address));
  });
  frame.addEventListener('load', () => {
    // A frame that was just added to a page has loaded `about:blank`.
    if (isBlank(frame)) return;
    status.hidden = true;
  });
}

/** Navigates the frame by a POST: that says that somebody clicked, so the fleet's launch page needs no second button. */
function launch({ host, frame, status }: Figure, address: URL): void {
  tell(host, 'launching');
  status.hidden = false;
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
  return { host, frame, status, afreshUntil: 0 };
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

/**
 * Whatever page is in the frame can say this: a hint, from which nothing but the event follows. Only after a press of our own
 * button, and once for each, the end of the notebook leads to the next one.
 */
function relay(figure: Figure, data: unknown, launchAgain: () => void): void {
  const { host, afresh } = figure;
  if (typeof data !== 'object' || data === null) return;
  const { type, ...detail }: { type?: unknown; reason?: unknown } = data;
  const state = RELAYED.find((name) => type === `tmpfleet:${name}`);
  if (state === undefined) return;
  if (afresh !== undefined && state !== 'ending') afresh.hidden = state !== 'ready';
  tell(host, state, detail);
  if (state !== 'ended' || detail.reason !== 'left' || performance.now() > figure.afreshUntil) return;
  figure.afreshUntil = 0;
  launchAgain();
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
