// What a page of a real Jupyter costs its sandbox and the node, with its static files from the node's memory and without; and that it
// works as before.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { usageOfContainer } from '../../../node-agent/engine/docker/usage.ts';
import { dockerHost } from '../../contract/docker-host.ts';
import { launchChromium } from '../../lab/chromium.ts';
import { describeNeeding } from '../../lab/needs.ts';
import { FULL_SCALE } from '../../support/full-scale.ts';
import { staticMetric } from '../../support/static-site.ts';
import { freePlaces, type Run, tmpfleet } from '../../support/tmpfleet.ts';
import { until } from '../../support/until.ts';

interface App {
  readonly path: string;
  readonly cell: string;
  readonly idle: (page: Page) => Promise<void>;
  readonly output: string;
}

const NOTEBOOK: App = {
  path: 'notebooks/intro.ipynb',
  cell: '.code_cell .CodeMirror',
  idle: (page) => page.locator('#kernel_indicator_icon.kernel_idle_icon').waitFor({ timeout: 60_000 }),
  output: '.output_area',
};
const LAB: App = {
  path: 'lab/tree/intro.ipynb',
  cell: '.jp-Notebook .jp-CodeCell .cm-content',
  idle: (page) =>
    page
      .locator('#jp-bottom-panel')
      .getByText(/Python 3.*Idle/)
      .waitFor({ timeout: 60_000 }),
  output: '.jp-OutputArea-output',
};

/** Of one page, on average. */
interface Cost {
  readonly sandboxMs: number;
  readonly agentMs: number;
  /** From the click until the notebook is there. */
  readonly shownMs: number;
  /** Bytes of static files that came over the network. */
  readonly bytes: number;
  readonly fromMemory: number;
}

const sandboxesSchema = z.array(z.object({ id: z.string(), state: z.string() }));
const READERS = FULL_SCALE ? 3 : 2;
/** Longer than the largest file takes to be compressed, on a busy machine. */
const STEADY_MS = 3_000;
/** A tick of the kernel's clock, in which /proc counts. */
const TICK_MS = 10;

describeNeeding(
  ['docker', 'jupyter', 'jupyterlab', 'chromium'],
  'the page of a real Jupyter',
  ({ docker, jupyter, jupyterlab, chromium }) => {
    const host = dockerHost(docker);
    let browser: Browser;
    beforeAll(async () => {
      browser = await launchChromium(chromium.executablePath);
    });
    afterAll(() => browser?.close());

    /** Processor time of a sandbox so far. ms */
    const usedBy = async (id: string): Promise<number> =>
      (await usageOfContainer(await host.container(id)))?.cpuMs ?? 0;

    /** Opens the notebook in a browser of its own, until its kernel is idle. */
    const open = async (url: string, app: App): Promise<Page> => {
      const page = await (await browser.newContext({ viewport: { width: 1100, height: 720 } })).newPage();
      await page.goto(`${url}/spawn/${app.path}`);
      await page.locator(app.cell).first().waitFor({ timeout: 60_000 });
      return page;
    };

    const measure = async (image: string, app: App, size: string): Promise<Cost> => {
      const dataDir = mkdtempSync(join(tmpdir(), 'tmpfleet-page-'));
      const all = String(READERS + 1);
      const run = tmpfleet([
        ...[
          'node-agent',
          '--engine',
          'docker',
          '--docker-host',
          docker.host,
          '--image',
          image,
          '--pull',
          'never',
        ],
        ...freePlaces(dataDir),
        '--ephemeral',
        ...['--capacity', all, '--warm', all, '--prime', 'intro.ipynb', '--node-id', 'static-page'],
        ...['--static-cache', size],
      ]);
      try {
        return await visit(run, app, size === '0');
      } finally {
        await run.stop();
        rmSync(dataDir, { recursive: true, force: true });
      }
    };

    const visit = async (run: Run, app: App, isOff: boolean): Promise<Cost> => {
      const [, url = ''] = await run.printed(/"url":"([^"]+)"/);
      const [, controlUrl = ''] = await run.printed(/"control":"([^"]+)"/);
      const warm = async (): Promise<readonly string[]> => {
        const all = sandboxesSchema.parse(await (await fetch(`${controlUrl}/api/sandboxes`)).json());
        return all.filter(({ state }) => state === 'warm').map(({ id }) => id);
      };
      await until('all are warm', async () => (await warm()).length === READERS + 1, 120_000);
      // The first reader's page is what the node learns from.
      const first = await open(url, app);
      await app.idle(first);
      await first.context().close();
      if (!isOff) {
        await until(
          'it has learnt',
          async () => (await staticMetric({ controlUrl }, 'learnt_total{outcome="kept"')) > 10,
        );
        await until('it learns no more', async () => (await staticMetric({ controlUrl }, 'learning')) === 0);
        let [before, since] = [-1, performance.now()];
        await until('all is compressed', async () => {
          const bytes = await staticMetric({ controlUrl }, 'bytes');
          if (bytes !== before) [before, since] = [bytes, performance.now()];
          return performance.now() - since > STEADY_MS;
        });
      }
      const sum = { sandboxMs: 0, agentMs: 0, shownMs: 0, bytes: 0, fromMemory: 0 };
      for (let reader = 0; reader < READERS; reader += 1) {
        const used = new Map<string, number>();
        for (const id of await warm()) used.set(id, await usedBy(id));
        const agentBefore = usedByProcess(run.pid);
        const began = performance.now();
        const page = await open(url, app);
        sum.shownMs += performance.now() - began;
        await app.idle(page);
        const [, id = ''] = /\/user\/([^/]+)/.exec(page.url()) ?? [];
        sum.agentMs += usedByProcess(run.pid) - agentBefore;
        sum.sandboxMs += (await usedBy(id)) - (used.get(id) ?? 0);
        const loaded: { bytes: number; name: string }[] = await page.evaluate(
          `performance.getEntriesByType('resource').filter(({ name }) => /\\/static\\//.test(name)).map(({ name, transferSize }) => ({ name, bytes: transferSize }))`,
        );
        for (const { bytes } of loaded) sum.bytes += bytes;
        sum.fromMemory = await staticMetric({ controlUrl }, 'requests_total{result="hit"');
        await works(page, app);
        await page.context().close();
      }
      return {
        ...{
          sandboxMs: sum.sandboxMs / READERS,
          agentMs: sum.agentMs / READERS,
          shownMs: sum.shownMs / READERS,
        },
        ...{ bytes: sum.bytes / READERS, fromMemory: sum.fromMemory / READERS },
      };
    };

    // That Notebook 6 works from memory is seen wherever a test opens it: this is on by default.
    test.each([
      ...(FULL_SCALE ? [['Notebook 6', jupyter.image, NOTEBOOK] as const] : []),
      ['JupyterLab 4', jupyterlab.image, LAB] as const,
    ])(
      '%s: it works from memory, with a third of the bytes, and costs its sandbox no more than without',
      async (name, image, app) => {
        const without = await measure(image, app, '0');
        const with64 = await measure(image, app, '64m');
        process.stderr.write(`${name}, one page: ${JSON.stringify({ without, with64 })}\n`);
        expect(without.fromMemory).toBe(0);
        expect(with64.fromMemory).toBeGreaterThan(10);
        expect(with64.bytes).toBeLessThan(without.bytes / 2);
        // Most of the time is the page's own, and other suites run beside this: figures that mean something are printed.
        expect(with64.sandboxMs).toBeLessThan(without.sandboxMs * 1.2);
      },
      300_000,
    );
  },
);

/** Runs a cell. */
async function works(page: Page, app: App): Promise<void> {
  await page.locator(app.cell).first().click();
  await page.keyboard.press('Control+Enter');
  await page.locator(app.output, { hasText: '42' }).first().waitFor({ timeout: 60_000 });
}

/** Processor time of a process so far (proc(5), fields 14 and 15). ms */
function usedByProcess(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
