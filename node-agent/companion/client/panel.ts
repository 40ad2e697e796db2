// The companion's panel: at the bottom of the page, or at the top where it would cover what has the focus. It is in a shadow tree
// of its own, so that neither it nor the page changes the other's looks. It says one thing at a time, and can be hidden.

interface Message {
  readonly text: string;
  readonly more?: string | undefined;
  /** An `alertdialog` waits for an answer; a `region` only tells. */
  readonly role: 'alertdialog' | 'region';
  readonly actions?: readonly (HTMLElement | undefined)[];
  /** Called when the reader hides it; without it, it cannot be hidden. */
  readonly onHide?: (() => void) | undefined;
  /** Gets the focus, while no text is being typed. */
  readonly focus?: HTMLElement | undefined;
}

const HOST_NAME = 'tmpfleet-companion';

const STYLE = `
:host { color-scheme: light dark; }
* { box-sizing: border-box; }
.box { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem .9rem; width: fit-content; max-width: min(34rem, calc(100vw - 16px)); margin: 0 auto;
  padding: .6rem 3rem .6rem .9rem; position: relative; border: 2px solid #b4450f; border-radius: 10px; background: #fffaf3; color: #1c1e21;
  font: 15px/1.4 system-ui, -apple-system, "Segoe UI", sans-serif; box-shadow: 0 3px 14px rgb(0 0 0 / .3); pointer-events: auto; text-align: start; }
p { margin: 0; flex: 1 1 14rem; overflow-wrap: anywhere; } b { font-weight: 600; }
button, a { font: inherit; font-weight: 600; min-height: 2.25rem; padding: .35rem .8rem; border: 1px solid currentcolor; border-radius: 7px; background: none; color: inherit;
  cursor: pointer; text-decoration: none; display: inline-flex; align-items: center; }
.main { background: #b4450f; border-color: #b4450f; color: #fff; }
.hide { position: absolute; top: .25rem; inset-inline-end: .25rem; min-width: 2.25rem; padding: 0; justify-content: center; border-color: transparent; font-size: 1.2rem; }
:focus-visible { outline: 3px solid #0b57d0; outline-offset: 2px; }
.quiet { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
[hidden] { display: none !important; }
@media (prefers-color-scheme: dark) { .box { background: #26211c; color: #f1ede6; border-color: #f0884a; } .main { background: #f0884a; border-color: #f0884a; color: #1b1206; }
  :focus-visible { outline-color: #8ab4f8; } }
@media (max-width: 26rem) { .box { font-size: 14px; margin: 0 8px; } p { flex-basis: 100%; } }
@media (prefers-reduced-motion: no-preference) { .box { animation: rise .2s ease-out; } @keyframes rise { from { transform: translateY(1rem); opacity: 0; } } }
@media (forced-colors: active) { .box { border-color: CanvasText; } .main { border: 2px solid ButtonText; } }
@media print { :host { display: none; } }
`;

/** The page's own rules must not reach the host. Set one by one: a policy may forbid style attributes. */
const PLACE = [
  ['all', 'initial'],
  ['position', 'fixed'],
  ['z-index', '2147483647'],
  ['display', 'block'],
  ['pointer-events', 'none'],
] as const;

/** From the edge of the page, px. */
const MARGIN = 10;

class Panel {
  readonly #host = document.createElement(HOST_NAME);
  readonly #box = document.createElement('section');
  readonly #live = make('p', 'quiet', '');
  #text: HTMLElement | undefined;
  #more: HTMLElement | undefined;
  #before: Element | null = null;
  #onHide: (() => void) | undefined;

  constructor() {
    for (const [property, value] of PLACE) this.#host.style.setProperty(property, value, 'important');
    this.#host.lang = LANGUAGE;
    const root = this.#host.attachShadow({ mode: 'open' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    this.#box.className = 'box';
    this.#box.hidden = true;
    this.#live.setAttribute('role', 'status');
    root.append(this.#box, this.#live);
    document.addEventListener('focusin', () => this.#place());
    this.#box.addEventListener('keydown', (event) => {
      // Nothing typed here is for the page behind.
      event.stopPropagation();
      if (event.key === 'Escape') this.#onHide?.();
    });
  }

  get isOpen(): boolean {
    return !this.#box.hidden;
  }

  show({ text, more, role, actions = [], onHide, focus }: Message): void {
    this.hide();
    // Last in the page, where keyboards come to it, and again should the page have removed it.
    if (!this.#host.isConnected) document.documentElement.append(this.#host);
    const words = make('p', '', '');
    this.#text = make('b', '', text);
    this.#more = make('span', '', more ?? '');
    words.append(this.#text, ' ', this.#more);
    words.id = 'words';
    this.#onHide = onHide;
    const hide = make('button', 'hide', '×');
    hide.setAttribute('aria-label', WORDS.hide);
    hide.title = WORDS.hide;
    hide.addEventListener('click', () => this.#onHide?.());
    this.#box.setAttribute('role', role);
    this.#box.setAttribute('aria-label', WORDS.label);
    this.#box.setAttribute('aria-describedby', 'words');
    this.#box.replaceChildren(words, ...actions.filter((each) => each !== undefined));
    if (onHide !== undefined) this.#box.append(hide);
    this.#box.hidden = false;
    this.#place();
    if (focus !== undefined && mayTakeFocus()) {
      this.#before = document.activeElement;
      focus.focus({ preventScroll: true });
    } else this.#live.textContent = `${text} ${more ?? ''}`;
  }

  /** Changes the words, without saying them again. */
  update(text: string): void {
    if (this.#text !== undefined && this.#text.textContent !== text) this.#text.textContent = text;
  }

  /** What has the focus is what is needed now (WCAG 2.4.11). */
  #place(): void {
    if (this.#box.hidden) return;
    this.#moveTo('bottom');
    const active = document.activeElement;
    if (active === null || active === document.body || active === this.#host) return;
    const { top, bottom, left, right } = active.getBoundingClientRect();
    // Without its animation: where it will be.
    const { offsetHeight: height, offsetWidth: width } = this.#box;
    const [middle, edge] = [innerWidth / 2, innerHeight - height - MARGIN];
    const isCovered =
      bottom > edge && top < innerHeight && right > middle - width / 2 && left < middle + width / 2;
    // What fills the page is covered anywhere.
    if (isCovered && top > height + MARGIN) this.#moveTo('top');
  }

  #moveTo(edge: 'top' | 'bottom'): void {
    const inset = edge === 'bottom' ? `auto 0 ${MARGIN}px 0` : `${MARGIN}px 0 auto 0`;
    this.#host.style.setProperty('inset', inset, 'important');
  }

  /** Says something more. */
  note(text: string): void {
    if (this.#more !== undefined) this.#more.textContent = text;
    this.#live.textContent = text;
  }

  hide(): void {
    const hadFocus = document.activeElement === this.#host;
    this.#box.hidden = true;
    this.#live.textContent = '';
    if (hadFocus && this.#before instanceof HTMLElement) this.#before.focus({ preventScroll: true });
    this.#before = null;
  }
}

/** No key may go elsewhere than where the reader types it. */
function mayTakeFocus(): boolean {
  if (!document.hasFocus()) return false;
  const active = document.activeElement;
  if (active === null || active === document.body) return true;
  const isText =
    active instanceof HTMLElement && (active.isContentEditable || active.matches('input, textarea, select'));
  return !isText && !active.matches('iframe, frame, object, embed') && active.shadowRoot === null;
}

function make(tag: string, className: string, text: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  if (made instanceof HTMLButtonElement) made.type = 'button';
  return made;
}

function button(className: string, text: string, press: () => void): HTMLElement {
  const made = make('button', className, text);
  made.addEventListener('click', press);
  return made;
}

/** `{left}` and `{time}` of a text. @param ms from now */
function fill(text: string, ms: number): string {
  return text
    .replaceAll('{left}', duration(ms))
    .replaceAll(
      '{time}',
      new Intl.DateTimeFormat(LANGUAGE, { hour: 'numeric', minute: '2-digit' }).format(Date.now() + ms),
    );
}

/** `1 hour 5 minutes`, `50 seconds`, as the language says it. */
function duration(ms: number): string {
  const say = (value: number, unit: string): string =>
    new Intl.NumberFormat(LANGUAGE, { style: 'unit', unit, unitDisplay: 'long' }).format(value);
  if (ms < 10_000) return say(Math.ceil(ms / 1_000), 'second');
  if (ms < 55_000) return say(Math.floor(ms / 10_000) * 10, 'second');
  const minutes = Math.round(ms / 60_000);
  if (minutes < 60) return say(minutes, 'minute');
  const rest = minutes % 60;
  return `${say((minutes - rest) / 60, 'hour')}${rest === 0 ? '' : ` ${say(rest, 'minute')}`}`;
}
