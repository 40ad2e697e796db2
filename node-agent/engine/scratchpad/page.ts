// The scratchpad's page: sends what the reader types over a WebSocket, and appends what comes back.
import { escapeHtml, type Page } from '../../../shared/http/page.ts';

export interface ScratchpadPlace {
  /** `/user/<id>/` */
  readonly base: string;
  /** Below `base`, from the reader's link: `notebooks/intro.ipynb`. */
  readonly path: string;
}

export function scratchpadPage({ base, path }: ScratchpadPlace): Page {
  const title = readable(path) || 'Scratchpad';
  return {
    title,
    head: `<link rel="icon" href="data:,"><style>${STYLE}</style>`,
    script: SCRIPT,
    body: `
<header><h1>${escapeHtml(title)}</h1><span id="state" role="status">connecting…</span></header>
<p class="dim">JavaScript in a process of your own. Variables stay; when you leave, all of it goes.</p>
<div id="output" role="log" aria-label="Output" tabindex="0"></div>
<form id="form" data-wide data-base="${escapeHtml(base)}">
<label for="code">Code</label>
<div class="row"><textarea id="code" rows="1" autocomplete="off" autocapitalize="off" spellcheck="false" autofocus
 placeholder="6*7" aria-describedby="keys"></textarea><button id="run">Run</button></div>
<p id="keys" class="dim"><kbd>Enter</kbd> runs, <kbd>Alt</kbd>+<kbd>Enter</kbd> breaks the line, <kbd>↑</kbd> <kbd>↓</kbd> go through what you typed</p>
</form>`,
  };
}

function readable(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // Not well-formed: shown as it is.
    return path;
  }
}

const STYLE = `
body { place-items: stretch center; min-height: 100dvh; padding: clamp(0rem, 2vw, 1.25rem); }
main { display: flex; flex-direction: column; height: calc(100dvh - 2 * clamp(0rem, 2vw, 1.25rem)); padding: clamp(1rem, 4vw, 2rem); --bad: #b3261e; --good: #1f7a3d; }
@media (prefers-color-scheme: dark) { main { --bad: #ff8a80; --good: #7fd89a; } }
header { display: flex; flex-wrap: wrap; gap: .3rem 1rem; align-items: baseline; justify-content: space-between; }
h1 { margin: 0; overflow-wrap: anywhere; }
#state { font-size: .85rem; color: var(--dim); white-space: nowrap; }
#state::before { content: "●"; margin-right: .4em; }
#state.on::before { color: var(--good); } #state.off { color: var(--bad); }
#output { flex: 1; margin: .8rem 0; padding: 0; overflow-y: auto; min-height: 0; }
#output > div { font: .92rem/1.5 ui-monospace, Menlo, Consolas, monospace; white-space: pre-wrap; overflow-wrap: anywhere; padding: .15rem .6rem; border-left: 3px solid transparent; }
#output .input { margin-top: .6rem; color: var(--dim); } #output .input::before { content: "› "; }
#output .result { border-color: var(--accent); } #output .error { color: var(--bad); border-color: var(--bad); }
#output .log { border-color: var(--line); }
label { font-size: .85rem; font-weight: 600; }
.row { display: flex; gap: .6rem; align-items: flex-start; margin-top: .25rem; }
textarea { flex: 1; width: 0; min-width: 0; resize: none; font: 1rem/1.5 ui-monospace, Menlo, Consolas, monospace; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: 9px; padding: .6rem .7rem; }
textarea:focus-visible, button:focus-visible, #output:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
button { margin: 0; } button:disabled { opacity: .5; cursor: default; }
#keys { margin: .5rem 0 0; } kbd { font: inherit; border: 1px solid var(--line); border-radius: 4px; padding: 0 .3em; }
@media (max-width: 30rem) { body { padding: 0; } main { height: 100dvh; border: 0; border-radius: 0; } #keys { display: none; } }
`;

const SCRIPT = `
const $ = (id) => document.getElementById(id);
const code = $('code'), output = $('output'), state = $('state'), run = $('run'), form = $('form');
const key = 'scratchpad' + form.dataset.base;
// A browser that blocks storage in frames throws at its first use.
const storage = (() => { try { return sessionStorage; } catch { return undefined; } })();
const past = JSON.parse(storage?.getItem(key) || '[]');
let place = past.length, socket, pause = 250, eager = false;

function show(kind, text) {
  const entry = document.createElement('div');
  entry.className = kind;
  entry.textContent = text;
  output.append(entry);
  while (output.children.length > 2000) output.firstChild.remove();
  entry.scrollIntoView({ block: 'end' });
}
function tell(text, kind) { state.textContent = text; state.className = kind; run.disabled = kind !== 'on'; }
function connect() {
  const url = new URL(form.dataset.base + 'socket', location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  socket = new WebSocket(url);
  socket.onopen = () => { pause = 250; tell('connected', 'on'); if (eager) evaluate(); };
  socket.onmessage = (event) => { const entry = JSON.parse(event.data); show(entry.kind, entry.text); };
  socket.onclose = () => {
    tell('connection lost, trying again…', 'off');
    setTimeout(connect, pause);
    pause = Math.min(pause * 2, 5000);
  };
}
function fit() { code.style.height = 'auto'; code.style.height = Math.min(code.scrollHeight + 2, innerHeight * 0.4) + 'px'; }
function put(text) { code.value = text; fit(); }
function evaluate() {
  const text = code.value.trim();
  // A program that was entered before the connection opened runs as soon as it opens.
  eager = text !== '' && socket.readyState !== WebSocket.OPEN;
  if (text === '' || eager) return;
  show('input', text);
  socket.send(JSON.stringify({ code: text }));
  if (past[past.length - 1] !== text) past.push(text);
  storage?.setItem(key, JSON.stringify(past.slice(-200)));
  place = past.length;
  put('');
}
form.addEventListener('submit', (event) => { event.preventDefault(); evaluate(); code.focus(); });
code.addEventListener('input', () => { eager = false; fit(); });
code.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && !event.isComposing) {
    event.preventDefault();
    if (event.altKey) { code.setRangeText('\\n', code.selectionStart, code.selectionEnd, 'end'); fit(); }
    else evaluate();
  }
  const up = event.key === 'ArrowUp' && !code.value.slice(0, code.selectionStart).includes('\\n');
  const down = event.key === 'ArrowDown' && !code.value.slice(code.selectionEnd).includes('\\n');
  if (!up && !down) return;
  const next = place + (up ? -1 : 1);
  if (next < 0 || next > past.length) return;
  event.preventDefault();
  place = next;
  put(past[place] || '');
});
tell('connecting…', 'off');
connect();
`;
