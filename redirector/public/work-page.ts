// The page that does a proof of work for its reader, in a moment and by itself, and then asks for the sandbox.
import { escapeHtml, type PageMaker } from '../../shared/http/page.ts';
import { SMALL_FRAMES } from '../../shared/pages/launch-page.ts';
import { WORK_BITS, WORK_NAME } from '../../shared/protocol/proof-of-work.ts';

/**
 * The first 32 bits of the SHA-256 of an ASCII text of at most 55 characters, which is one block (FIPS 180-4 §6.2.2). Not by
 * crypto.subtle: that is missing on plain http, and slower for millions of short texts.
 */
export const FIRST_BITS = `
const K = new Int32Array(64), H = new Int32Array(8);
for (let n = 2, found = 0; found < 64; n++) {
  let isPrime = true;
  for (let d = 2; d * d <= n; d++) if (n % d === 0) isPrime = false;
  if (!isPrime) continue;
  if (found < 8) H[found] = Math.sqrt(n) % 1 * 2 ** 32;
  K[found++] = Math.cbrt(n) % 1 * 2 ** 32;
}
const W = new Int32Array(64);
const turn = (x, by) => (x >>> by) | (x << (32 - by));
function firstBits(text) {
  W.fill(0, 0, 16);
  for (let i = 0; i < text.length; i++) W[i >> 2] |= text.charCodeAt(i) << (24 - 8 * (i & 3));
  W[text.length >> 2] |= 128 << (24 - 8 * (text.length & 3));
  W[15] = 8 * text.length;
  for (let i = 16; i < 64; i++) {
    const x = W[i - 15], y = W[i - 2];
    W[i] = (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10)) + W[i - 7] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) + W[i - 16];
  }
  let a = H[0], b = H[1], c = H[2], d = H[3], e = H[4], f = H[5], g = H[6], h = H[7];
  for (let i = 0; i < 64; i++) {
    const s = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
    const t = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + s) | 0; d = c; c = b; b = a; a = (s + t) | 0;
  }
  return (H[0] + a) >>> 0;
}`;

/** A few milliseconds at a time, so that the page stays alive. */
const WORK = `${FIRST_BITS}
const form = document.forms[0], { challenge, bits } = form.dataset;
let number = 0;
(function work() {
  const until = performance.now() + 30;
  do {
    const text = challenge + '.' + number++;
    if (Math.clz32(firstBits(text)) >= bits) {
      form.action += (form.action.includes('?') ? '&' : '?') + '${WORK_NAME}=' + text + location.hash;
      return form.submit();
    }
  } while (performance.now() < until);
  setTimeout(work);
})();`;

export interface WorkPageOptions {
  /** As of the launch page. */
  readonly title: string;
  /** The requested address, on this origin, without our parameters. */
  readonly action: string;
  readonly challenge: string;
}

export function workPage({ title: given, action, challenge }: WorkPageOptions): PageMaker {
  return ({ words: { launch: words } }) => {
    const title = given === '' ? words.title : given;
    return {
      title,
      head: SMALL_FRAMES,
      body: `<h1>${escapeHtml(title)}</h1><p role="status">${escapeHtml(words.aboutToOpen)}</p>
<p class="dim">${escapeHtml(words.calculation)}</p>
<noscript><p>${escapeHtml(words.needsScript)}</p></noscript>
<form method="post" action="${escapeHtml(action)}" data-challenge="${escapeHtml(challenge)}" data-bits="${WORK_BITS}"></form>`,
      script: WORK,
    };
  };
}
