// Every page of ours that a reader may see, by what it is for.

import { afreshPage } from '../../node-agent/claim/afresh.ts';
import { fullPage } from '../../node-agent/claim/full-page.ts';
import { refusedPage as claimRefusedPage } from '../../node-agent/claim/refused-page.ts';
import { errorPage, noCookiesPage, nothingHerePage } from '../../node-agent/public/error-page.ts';
import { noticeOf } from '../../node-agent/public/error-response.ts';
import { startingPage } from '../../node-agent/public/startup-gate.ts';
import { refusedPage } from '../../redirector/public/unavailable-page.ts';
import { workPage } from '../../redirector/public/work-page.ts';
import type { RefusalReason } from '../../shared/api/refusal.ts';
import { FleetError } from '../../shared/errors.ts';
import type { PageMaker } from '../../shared/http/page.ts';
import { type LimitCode, limitPage } from '../../shared/limits/client-refusal.ts';
import { waitingPage } from '../../shared/line/page.ts';
import { launchPage } from '../../shared/pages/launch-page.ts';
import { preparingPage } from '../../shared/pages/preparing-page.ts';
import { STOPPED } from '../../shared/protocol/sandbox-state.ts';

const again = '/spawn/notebooks/intro.ipynb';
const LIMITS = ['too-many-requests', 'too-many-sandboxes', 'too-many-places'] as const;

/** By the name of the page. */
export const READER_PAGES: Readonly<Record<string, PageMaker>> = {
  launch: launchPage({
    preview: { title: '', description: '', previewImage: '' },
    ...{ action: '/notebooks/intro.ipynb', address: 'https://1.2.3.4/', visitor: 'frame' },
  }),
  work: workPage({ title: '', action: '/tree', challenge: 'c.0' }),
  ...Object.fromEntries(
    (['full', 'closed', 'too-many-hops', 'none-answers', 'no-nodes'] as const).map((reason) => [
      `unavailable: ${reason}`,
      refusedPage({ reason, retryAfterMs: 3_600_000, again, posted: false }),
    ]),
  ),
  'line: full': line('full', 200),
  'line: first': line('full', 2),
  'line: closed': line('closed'),
  'line: none answers': line('none-answers'),
  ...Object.fromEntries(LIMITS.map((code) => [`limits: ${code}`, limits(code)])),
  ...Object.fromEntries(
    (
      [
        ...['gone', 'stranger', 'dead', 'upstream-error', 'upstream-timeout'],
        ...['too-many-sockets', 'malformed'],
      ] as const
    ).map((reason) => [`notebook: ${reason}`, errorPage({ notice: noticeOf(reason), again })]),
  ),
  ...Object.fromEntries(
    STOPPED.map((ended) => [`notebook: ${ended}`, errorPage({ notice: noticeOf('dead', ended), again })]),
  ),
  'notebook: stranger in a frame': errorPage({
    notice: ({ notebook: { stranger, inAFrame } }) => ({ ...stranger, text: `${stranger.text} ${inAFrame}` }),
    again,
    inTab: true,
  }),
  'no cookies': noCookiesPage(again),
  'nothing here': nothingHerePage(again),
  'node: afresh': afreshPage({ keep: '/tree', action: '/tree?tmpfleet-afresh' }),
  'node: full': fullPage,
  'node: starting': startingPage,
  'node: preparing': preparingPage,
  ...Object.fromEntries(
    (['closed', 'no-ticket', 'spent-ticket'] as const).map((why) => [`node: ${why}`, claimRefusedPage(why)]),
  ),
};

function line(reason: RefusalReason, etaSeconds?: number): PageMaker {
  const place = { text: 'mx0k2q5s-9d96f29058961059-uzaeNjww5p9HQ9FAsYorcw', arrivedAt: 0 };
  const standing = { place, position: 3, etaSeconds, reason };
  return waitingPage({ standing, again, waitedSeconds: 60, meanwhile: 'https://www.example-journal.org/' });
}

function limits(code: LimitCode): PageMaker {
  const page = limitPage(new FleetError(code, code, { retryAfterMs: 3_600_000 }));
  if (page === undefined) throw new Error(`there is no page for ${code}`);
  return page;
}
