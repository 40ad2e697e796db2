// `tmpfleet top`: the whole fleet at a glance, redrawn in place; or one picture, or JSON, for logs and scripts.
import { setTimeout as delay } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import type { FleetJson } from '../../shared/api/node.ts';
import { duration } from '../../shared/config/option.ts';
import type { ControlClient } from '../control/client.ts';
import { controlVerb, type Given, read } from '../control/verb.ts';
import { showLive } from '../terminal/live.ts';
import { compare, takeSample } from './numbers.ts';
import { drawTop } from './picture.ts';

const INTERVAL_MS = 1_000;
/** Where there is no terminal to ask. */
const USUAL_COLUMNS = 110;

export function addTopCommand(command: Command): void {
  controlVerb(command, 'front', top)
    .option('--once', 'print one picture and exit (the default where standard output is not a terminal)')
    .addOption(
      new Option('--interval <time>', 'time between two pictures')
        .default(INTERVAL_MS, '1s')
        .argParser(read(duration(100))),
    );
  command.addHelpText(
    'after',
    `
Rates are over the last interval, so one picture takes one interval. With --json and without --once: a line of JSON an
interval, until interrupted. Colours on a terminal only, and not where NO_COLOR is set.`,
  );
}

async function top({ client, flags, print }: Given): Promise<void> {
  const interval = typeof flags.interval === 'number' ? flags.interval : INTERVAL_MS;
  const terminal = process.stdout.isTTY === true;
  if (flags.once === true || (flags.json !== true && !terminal)) {
    const first = await takeSample(client);
    await delay(interval);
    const view = compare(first, await takeSample(client), client.url);
    const columns = process.stdout.columns ?? (Number(process.env.COLUMNS) || USUAL_COLUMNS);
    const window = { columns, rows: Number.POSITIVE_INFINITY, colour: hasColour(terminal) };
    print(view, () => drawTop(view, window).slice(0, -2).join('\n'));
  } else if (flags.json === true) await stream(client, interval);
  else await live(client, interval);
}

async function stream(client: ControlClient, interval: number): Promise<void> {
  let before: FleetJson | undefined;
  for (;;) {
    const now = await takeSample(client);
    process.stdout.write(`${JSON.stringify(compare(before, now, client.url))}\n`);
    before = now;
    await delay(interval);
  }
}

function live(client: ControlClient, interval: number): Promise<never> {
  let before: FleetJson | undefined;
  return showLive({
    interval,
    look: async () => {
      const now = await takeSample(client);
      const view = compare(before, now, client.url);
      before = now;
      return view;
    },
    draw: (view, size, trouble) => drawTop(view, { ...size, colour: hasColour(true) }, trouble),
  });
}

function hasColour(terminal: boolean): boolean {
  return terminal && (process.env.NO_COLOR ?? '') === '';
}
