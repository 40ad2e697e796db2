// The HTML that is added to the end of a sandbox's pages when it has a deadline: how much time is left, and what to do.
import type { Deadline } from '../sandboxes/deadline.ts';

const WHY: Readonly<Record<Deadline['why'], string>> = {
  drain: 'The host it runs on is being retired.',
  age: 'A notebook may run only for a limited time.',
};

const BOX =
  'position:fixed;z-index:2147483647;inset:auto 0 12px;margin:0 auto;width:fit-content;max-width:92vw;border:0;box-sizing:border-box;' +
  'padding:8px 36px 8px 14px;border-radius:8px;background:#7a3e00;color:#fff;font:14px/1.4 system-ui,sans-serif;' +
  'box-shadow:0 2px 10px rgba(0,0,0,.35)';
const BUTTON =
  'position:absolute;top:4px;right:6px;margin:0;border:0;background:none;color:inherit;font:18px/1 sans-serif;cursor:pointer;padding:4px';

/**
 * HTML that is valid after the end of any page. It can be read and closed without a script, which the page's policy may
 * forbid. The script counts down from the time left, because the reader's clock may be wrong.
 * @param now ms since 1970
 */
export function deadlineBanner({ at, why }: Deadline, now: number): string {
  const left = Math.max(0, at - now);
  const time = new Date(at).toISOString();
  return `
<dialog open id="tmpfleet-deadline" aria-label="Deadline" style="${BOX}"><span>This notebook ends in <b>${inWords(left)}</b> (at <time datetime="${time}">${time.slice(11, 16)} UTC</time>). ${WHY[why]} Download what you want to keep.</span><form method="dialog" style="margin:0"><button aria-label="Hide" style="${BUTTON}">&times;</button></form></dialog>
<script>(() => {
  const box = document.getElementById('tmpfleet-deadline');
  const end = performance.now() + ${Math.round(left)};
  const words = ${inWords.toString()};
  setInterval(() => { box.querySelector('b').textContent = words(Math.max(0, end - performance.now())); }, 5000);
})();</script>
`;
}

/** Also runs in the page, so it must not use anything outside itself. @param ms 0 or more */
function inWords(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return 'less than a minute';
  if (minutes < 60) return minutes === 1 ? '1 minute' : `${minutes} minutes`;
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  const whole = hours === 1 ? '1 hour' : `${hours} hours`;
  return rest === 0 ? whole : `${whole} ${rest} min`;
}
