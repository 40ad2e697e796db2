// The lightbox of /embed.js, and what our button and it look like. A part of one classic script: see ../script.ts.

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
.afresh { border-color: transparent; background: none; color: inherit; font-size: .9rem; min-height: 2.75rem; text-decoration: underline; }
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

/** The notebook's page asks for this long. */
const ASKED_MS = 60_000;

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
  // The notebook's own page asks its reader, and does it.
  const afresh = element('button', 'afresh', words.afresh);
  afresh.hidden = true;
  afresh.addEventListener('click', () => {
    figure.afreshUntil = performance.now() + ASKED_MS;
    frame.contentWindow?.postMessage({ type: 'tmpfleet:afresh', launches: true }, '*');
    frame.focus();
  });
  figure.afresh = afresh;
  header.append(heading, afresh, close);
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
