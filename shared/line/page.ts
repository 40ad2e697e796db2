// What a reader in line sees: their place, the time to expect, and a page that opens their notebook by itself. Its script makes
// one request after another, each of which is held; without scripts the page loads itself again, and is held in the same way.
import { escapeHtml, type PageMaker } from '../http/page.ts';
import { fillIn, type Language } from '../words/language.ts';
import type { LineWords } from '../words/line.ts';
import { patiently } from './place.ts';
import type { Standing } from './waiters.ts';

/** Until a page without scripts asks again, s: less than a reader keeps their turn between two requests. */
const REFRESH_S = 3;

const STYLE = `<style>
#position { font-size: 1.2rem; font-weight: 600; margin-bottom: .2rem; } #wait { margin-top: .2rem; }
progress { width: 100%; accent-color: var(--accent); }
@media (max-height: 420px) { body { padding: .4rem; font-size: 15px; } main { padding: .6rem .8rem; } h1 { font-size: 1.05rem; margin: 0; }
  p, #position { margin: .2rem 0; } #position { font-size: 1rem; } .more { display: none; } .button { padding: .35rem .8rem; margin-top: .3rem; } }
@media (max-height: 240px) { main { text-align: center; } h1, .stay, .meanwhile { display: none; } }
</style>`;

/**
 * Counts the expected time down, but not below "any moment"; the live region changes only with the place. Requests that end
 * soon are repeated more and more slowly. To replace an address by itself, fragment and all, would load nothing.
 */
const SCRIPT = `
const line = document.getElementById('line'), words = JSON.parse(line.dataset.words), language = document.documentElement.lang;
const find = (id) => document.getElementById(id);
let { again, reason } = line.dataset, place = Number(line.dataset.place), eta = Number(line.dataset.eta);
let toldAt = Date.now(), short = 0;
const since = toldAt - 1000 * line.dataset.waited, heading = document.title.replace(/^\\(.*?\\) /, '');
const long = (unit) => new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' });
const time = (seconds) => seconds < 90 ? long('second').format(Math.ceil(seconds / 10) * 10) : seconds < 5400 ? long('minute').format(Math.round(seconds / 60)) : long('hour').format(Math.round(seconds / 1800) / 2);
const put = (id, text) => { if (find(id).textContent !== text) find(id).textContent = text; };
function show() {
  const left = eta - (Date.now() - toldAt) / 1000, waited = (Date.now() - since) / 1000;
  put('wait', reason === 'closed' ? words.paused : reason !== 'full' && reason !== 'too-many-hops' ? words.unreachable : left < 5 ? words.anyMoment : words.wait.replace('{time}', time(left)));
  find('progress').value = waited / (waited + Math.max(left, 3));
}
function tell() {
  document.title = '(' + place + ') ' + heading;
  put('position', words.position.replace('{place}', new Intl.NumberFormat(language).format(place)));
  show();
  if (parent !== self) parent.postMessage({ type: 'tmpfleet:waiting', place, eta: eta || null }, '*');
}
async function ask() {
  const began = Date.now();
  try {
    const answer = await fetch(again, { headers: { accept: 'application/json' }, cache: 'no-store', redirect: 'manual', signal: AbortSignal.timeout(45000) });
    if (answer.type === 'opaqueredirect') return location.replace(again);
    const told = await answer.json();
    if (told.location !== undefined) {
      put('position', words.opening);
      document.title = heading;
      return location.replace(told.location + location.hash);
    }
    if (told.place !== undefined) {
      ({ again, reason, place } = told);
      eta = told.eta ?? 0;
      toldAt = Date.now();
      remember();
      tell();
    } else if (answer.status !== 429 && answer.status < 500) return location.replace(again);
  } catch { put('wait', words.interrupted); }
  short = Date.now() - began < 10000 ? short + 1 : 0;
  setTimeout(ask, short === 0 ? 0 : Math.min(15000, 1500 * 2 ** short) * (.7 + .6 * Math.random()));
}
function remember() {
  find('again').href = again;
  try { history.replaceState(history.state, '', again + location.hash); } catch { }
}
remember();
tell();
setInterval(show, 1000);
ask();`;

export interface WaitingPageOptions {
  readonly standing: Standing;
  /** The address with the place, on this origin. */
  readonly again: string;
  /** Seconds since the reader arrived. */
  readonly waitedSeconds: number;
  /** An address that is offered meanwhile; empty for none. */
  readonly meanwhile: string;
}

export function waitingPage({ standing, again, waitedSeconds, meanwhile }: WaitingPageOptions): PageMaker {
  const { position, etaSeconds = 0, reason } = standing;
  const address = escapeHtml(again);
  const progress = waitedSeconds / (waitedSeconds + Math.max(etaSeconds, 1));
  return ({ language, words: { line: words } }) => {
    const place = numberFormat(language).format(position);
    const waited = Math.round(waitedSeconds);
    const data = Object.entries({ again, reason, place: position, eta: etaSeconds, waited }).map(
      ([name, value]) => ` data-${name}="${escapeHtml(String(value))}"`,
    );
    const aside = `<p class="meanwhile"><a href="${escapeHtml(meanwhile)}" target="_blank" rel="noopener noreferrer">${escapeHtml(words.meanwhile)}</a></p>`;
    return {
      title: `(${place}) ${words.heading}`,
      head: `${STYLE}<noscript><meta http-equiv="refresh" content="${REFRESH_S}; url=${escapeHtml(patiently(again))}"></noscript>`,
      body: `<div id="line"${data.join('')} data-words="${attributeOf(words)}"><h1>${escapeHtml(words.heading)}</h1>
<p role="status" id="position">${escapeHtml(fillIn(words.position, { place }))}</p>
<p id="wait">${escapeHtml(waitText(words, standing, language))}</p>
<progress id="progress" max="1" value="${progress.toFixed(3)}" aria-label="${escapeHtml(words.progress)}"></progress>
<p class="more">${escapeHtml(words.explanation)}</p><p class="dim stay">${escapeHtml(words.stayOpen)}</p>
${meanwhile === '' ? '' : aside}<a class="button" id="again" href="${address}">${escapeHtml(words.again)}</a></div>`,
      script: SCRIPT,
    };
  };
}

/** As the script says it. */
function waitText(words: LineWords, { reason, etaSeconds = 0 }: Standing, language: Language): string {
  if (reason === 'closed') return words.paused;
  if (reason !== 'full' && reason !== 'too-many-hops') return words.unreachable;
  return etaSeconds < 5 ? words.anyMoment : fillIn(words.wait, { time: inWords(etaSeconds, language) });
}

/** About so long, as a person would say it. */
export function inWords(seconds: number, language: Language): string {
  if (seconds < 90) return numberFormat(language, 'second').format(Math.ceil(seconds / 10) * 10);
  if (seconds < 5_400) return numberFormat(language, 'minute').format(Math.round(seconds / 60));
  return numberFormat(language, 'hour').format(Math.round(seconds / 1_800) / 2);
}

/** By language and unit. To make one takes 50 µs, and a crowd learns its places at once. */
const FORMATS = new Map<string, Intl.NumberFormat>();

function numberFormat(language: Language, unit?: 'second' | 'minute' | 'hour'): Intl.NumberFormat {
  const name = `${language} ${unit}`;
  const known = FORMATS.get(name);
  if (known !== undefined) return known;
  const options = unit === undefined ? {} : ({ style: 'unit', unit, unitDisplay: 'long' } as const);
  const made = new Intl.NumberFormat(language, options);
  FORMATS.set(name, made);
  return made;
}

/** The words for the script, as an attribute. Those of a language are one object for as long as the program runs. */
const ATTRIBUTES = new WeakMap<LineWords, string>();

function attributeOf(words: LineWords): string {
  const known = ATTRIBUTES.get(words);
  if (known !== undefined) return known;
  const made = escapeHtml(JSON.stringify(words));
  ATTRIBUTES.set(words, made);
  return made;
}
