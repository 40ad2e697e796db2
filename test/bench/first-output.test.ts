// The bench of the first output works, with real Jupyters and a real Chromium. At full scale it measures, and writes what it found into
// the documents: one app takes some minutes, so choose it by its name.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { describeNeeding } from '../lab/needs.ts';
import { FULL_SCALE } from '../support/full-scale.ts';
import { runBench } from './run.ts';

const step = z.object({ count: z.number(), p50_ms: z.number(), p99_ms: z.number() });
const steps = z.record(z.string(), step);
const visits = z.object({
  steps,
  readers: z.object({ served: z.number(), failed: z.number(), refused: z.number() }),
});
const reportSchema = z.object({
  apps: z.record(
    z.string(),
    z.object({
      clicks: z.number(),
      at_once: z.number(),
      server: z.object({ primed: visits, unprimed: visits, at_once: visits }),
      browser: z.object({ primed: steps, unprimed: steps }),
    }),
  ),
});

describeNeeding(
  ['docker', 'jupyter', 'jupyterlab', 'chromium'],
  'the bench of the first output',
  ({ docker, jupyter, jupyterlab, chromium }) => {
    // Each app takes a minute or more, and they differ in their pages only.
    test.each([
      ...(FULL_SCALE ? [['notebook', jupyter.image] as const] : []),
      ['lab', jupyterlab.image] as const,
    ])(
      '%s: each reader has an output, and sooner where the kernel ran before',
      (app, image) => {
        const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-first-output-'));
        try {
          const document = FULL_SCALE ? 'docs/measured.md' : join(dir, 'measured.md');
          const { report } = runBench(
            [
              ...[
                'bench/first-output/main.mjs',
                '--app',
                app,
                '--image',
                image,
                '--docker-host',
                docker.host,
              ],
              ...['--chromium', chromium.executablePath, '--document', document],
              ...(FULL_SCALE ? [] : ['--short']),
            ],
            FULL_SCALE ? { json: 'bench/results/first-output.json', longestMs: 1_200_000 } : {},
          );
          const found = reportSchema.parse(report).apps[app];
          const { primed, unprimed, at_once: atOnce } = found?.server ?? {};
          const served = [primed, unprimed, atOnce].map((each) => each?.readers);
          expect(served).toMatchObject([
            { served: found?.clicks, failed: 0, refused: 0 },
            { served: found?.clicks, failed: 0, refused: 0 },
            { served: found?.at_once, failed: 0, refused: 0 },
          ]);
          // A kernel takes its second to start, on the quickest machine too.
          expect(primed?.steps.first_output?.p50_ms).toBeLessThan(unprimed?.steps.first_output?.p50_ms ?? 0);
          expect(found?.browser.primed.first_output?.count).toBe(found?.clicks);
          expect(readFileSync(document, 'utf8')).toContain('## From the click to the first output');
        } finally {
          rmSync(dir, { recursive: true, force: true });
        }
      },
      1_300_000,
    );
  },
);
