// The polling thread: polls the nodes that the main thread names, and returns the parsed reports.
import { parentPort, workerData } from 'node:worker_threads';
import { describeError, errorCode, FleetError } from '../../shared/errors.ts';
import { keepSeenOf } from '../nodes/pending.ts';
import { HttpPollClient } from './http-poll.ts';
import type { PollFailure, PollRequests, PollResponses, ThreadMessage, ThreadSetup } from './poll-thread.ts';

/** Responses are collected for this long and sent as one message, since each message wakes the main thread. ms */
const TOGETHER_MS = 4;

const { pollTimeoutMs, seenKey } = workerData as ThreadSetup;
const client = new HttpPollClient(pollTimeoutMs, (origin) => tell({ lost: origin }));
let responses: PollResponses[number][] = [];

parentPort?.on('message', (requests: PollRequests) => {
  for (const [id, url, claim] of requests) void poll(url, claim).then((answer) => give([id, answer]));
});

async function poll(url: string, claim: string | undefined): Promise<string | PollFailure> {
  try {
    const stats = await client.poll(url, claim);
    return JSON.stringify(seenKey === undefined ? stats : keepSeenOf(stats, seenKey));
  } catch (error) {
    const code = error instanceof FleetError ? null : errorCode(error);
    return { message: error instanceof FleetError ? error.message : describeError(error), code };
  }
}

function give(answer: PollResponses[number]): void {
  if (responses.length === 0) setTimeout(send, TOGETHER_MS);
  responses.push(answer);
}

function send(): void {
  const all: PollResponses = responses;
  responses = [];
  tell(all);
}

function tell(message: ThreadMessage): void {
  parentPort?.postMessage(message);
}
