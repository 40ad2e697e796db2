// Server-sent events by fetch: EventSource cannot send a token in a header.

/** The connection is dead after this time without an event or a heartbeat. ms */
export const SILENCE_MS = 20_000;

/** Reads `data:` of each event until the connection ends. @throws whatever ended it */
export async function readEvents(
  answer: Response,
  stop: AbortController,
  onEvent: (data: string) => void,
): Promise<void> {
  if (answer.body === null) throw new TypeError('no stream');
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const watchdog = setTimeout(() => stop.abort(new TypeError('silence')), SILENCE_MS);
    const { done, value } = await reader.read().finally(() => clearTimeout(watchdog));
    if (done) return;
    const events = (rest + value).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      const data = dataOf(event);
      if (data !== '') onEvent(data);
    }
  }
}

function dataOf(event: string): string {
  return event
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).trimStart())
    .join('\n');
}
