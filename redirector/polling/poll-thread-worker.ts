// The polling thread: asks nodes as it is told to, and gives back what parsed.
import { parentPort, workerData } from 'node:worker_threads';
import { describeError, errorCode, FleetError } from '../../shared/errors.ts';
import { withSeenOnly } from '../nodes/fleet.ts';
import { UndiciAsker } from './http-poll.ts';
import type { Answers, Asks, Failure, ThreadSetup } from './poll-thread.ts';

/** Answers of so many ms go over in one message: each wakes the thread that readers wait for. */
const TOGETHER_MS = 4;

const { pollTimeout, heed } = workerData as ThreadSetup;
const asker = new UndiciAsker(pollTimeout);
let answers: Answers[number][] = [];

parentPort?.on('message', (asks: Asks) => {
  for (const [id, url] of asks) void ask(url).then((answer) => give([id, answer]));
});

async function ask(url: string): Promise<string | Failure> {
  try {
    const stats = await asker.ask(url);
    return JSON.stringify(heed === undefined ? stats : withSeenOnly(stats, heed));
  } catch (error) {
    const code = error instanceof FleetError ? null : errorCode(error);
    return { message: error instanceof FleetError ? error.message : describeError(error), code };
  }
}

function give(answer: Answers[number]): void {
  if (answers.length === 0) setTimeout(send, TOGETHER_MS);
  answers.push(answer);
}

function send(): void {
  const all: Answers = answers;
  answers = [];
  parentPort?.postMessage(all);
}
