// A reader who has arrived: opens what the page opens, has the first output, stays, works now and then, and leaves.
import type { Distribution } from '../schedule/distribution.ts';
import { isJupyterPage, openJupyterKernel } from './jupyter-kernel.ts';
import { during, type Kernel } from './kernel.ts';
import { loadPage, type PageLoad } from './page.ts';
import { isScratchpadPage, openScratchpad } from './scratchpad-kernel.ts';
import type { Visit } from './visit.ts';
import type { Landing } from './walk.ts';

export interface StayOptions {
  readonly page: PageLoad;
  /** What a cell runs. */
  readonly code: string;
  /** Of the Jupyter. */
  readonly kernel: string;
  /** How long readers stay once they have had their first output. */
  readonly stay: Distribution;
  /** Between two lines, or two requests where there is no kernel. */
  readonly think: Distribution;
  /** From 0 to 1: how many leave without closing anything. */
  readonly vanish: number;
}

/** @throws VisitEnded */
export async function stayAt(visit: Visit, landing: Landing, options: StayOptions): Promise<void> {
  await loadPage(visit, landing, options.page);
  const kernel = await openKernel(visit, landing, options);
  if (kernel !== undefined) {
    visit.lap('kernel');
    await during(visit, 'output', () => kernel.run(options.code));
    visit.lap('output');
    visit.total('first_output');
  }
  visit.served();
  // The page's text is not needed any more, and each reader would keep it.
  const { url, base, destination } = landing;
  visit.client.settleAt(url);
  await work(visit, { url, base, destination, text: '' }, kernel, options);
  await leave(visit, kernel, options.vanish);
}

async function openKernel(
  visit: Visit,
  landing: Landing,
  { kernel }: StayOptions,
): Promise<Kernel | undefined> {
  if (isJupyterPage(landing.text))
    return during(visit, 'kernel', () => openJupyterKernel(visit, landing, kernel));
  if (isScratchpadPage(landing.text)) return during(visit, 'kernel', () => openScratchpad(visit, landing));
  return undefined;
}

async function work(
  visit: Visit,
  { url, destination }: Landing,
  kernel: Kernel | undefined,
  { stay, think, code }: StayOptions,
): Promise<void> {
  let left = stay.draw(visit.random);
  while (left > 0) {
    const pause = Math.min(left, think.draw(visit.random));
    left -= Math.max(pause, 1);
    if (!(await visit.pause(pause)) || left <= 0) return;
    if (kernel !== undefined) {
      await during(visit, 'cell', () => kernel.run(code));
      visit.lap('cell');
    } else {
      await visit.get('again', url, { destination, site: 'same-origin', isPressed: true });
      visit.lap('again');
    }
  }
}

async function leave(visit: Visit, kernel: Kernel | undefined, vanish: number): Promise<void> {
  if (visit.random() < vanish) {
    visit.client.vanish();
    return;
  }
  if (kernel !== undefined) {
    visit.restart();
    await kernel.close();
    // At the end of a run all leave at once, which no fleet sees otherwise.
    if (!visit.leaving.aborted) visit.lap('leave');
  }
  visit.client.leave();
}
