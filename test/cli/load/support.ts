// Runs `tmpfleet load` in this process, against a server of the test.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isLoopback } from '../../../cli/load/client/addresses.ts';
import { GeneratorWatch } from '../../../cli/load/measure/generator.ts';
import { Recorder } from '../../../cli/load/measure/recorder.ts';
import { loadOptions } from '../../../cli/load/options.ts';
import type { ReaderOptions } from '../../../cli/load/profiles/reader-options.ts';
import { makeReport, type Report } from '../../../cli/load/report/report.ts';
import { run } from '../../../cli/load/run/run.ts';
import { distributionOf } from '../../../cli/load/schedule/distribution.ts';
import { makeSchedule, type ScheduleOptions } from '../../../cli/load/schedule/schedule.ts';
import { seededRandom, systemClock } from '../../../shared/clock.ts';

export interface TestServer {
  readonly server: Server;
  readonly url: string;
  close(): Promise<void>;
}

export async function serveTest(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<TestServer> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    server,
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const NO_STAY = distributionOf('0');

/** Readers leave at once, unless `reader` says otherwise. */
export async function loadTest(
  url: string,
  schedule: Partial<ScheduleOptions>,
  reader: Partial<ReaderOptions> = {},
  rest: { readonly maxReaders?: number; readonly timeoutMs?: number } = {},
): Promise<Report> {
  const defaults = Object.fromEntries(
    Object.entries(loadOptions).map(([name, spec]) => [name, spec.default]),
  );
  const config = defaults as { [K in keyof typeof loadOptions]: (typeof loadOptions)[K]['default'] };
  const clock = systemClock;
  const recorder = new Recorder(clock, 1_000);
  const watch = new GeneratorWatch(clock);
  const began = clock.monotonic();
  await run({
    schedule: makeSchedule({ ...config, ...schedule }, seededRandom(config.seed)),
    reader: { ...config, url, patienceMs: 1_000, steps: [], stay: NO_STAY, vanish: 0, ...reader },
    ...{ recorder, watch, clock, seed: config.seed, maxReaders: 1_000, timeoutMs: 10_000, ...rest },
    ...{ from: () => undefined, mayReach: isLoopback, signal: new AbortController().signal },
  });
  return makeReport(
    {
      ...{
        url,
        profile: 'test',
        arrivals: 'of a test',
        model: 'open',
        seed: config.seed,
        interrupted: false,
      },
      ...{ started_at: '2026-01-31T18:00:00Z', elapsedMs: clock.monotonic() - began, sliceMs: 1_000 },
    },
    recorder,
    { generator: watch.end(), fleet: [] },
  );
}
