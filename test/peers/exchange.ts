// Plays one case before one peer: a raw reader on one side, a raw sandbox on the other, and what each of them received.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { asList, type Case, methodsOf, OK } from './case.ts';
import { type Parsed, parseRequests, parseResponses } from './messages.ts';
import type { Peer } from './peers.ts';
import { ENDED, Received, type Step, take } from './steps.ts';

/** Far longer than any case takes. ms */
const DEADLINE_MS = 20_000;
/** That nothing comes can only be seen by waiting. A peer that answers does so in a few. ms */
const HANG_MS = 60;

export interface Exchange {
  readonly answers: Parsed;
  /** How the reader's connection ended, or that it was still open when the next request on it was answered. */
  readonly readerEnd: 'fin' | 'reset';
  /** One entry for each connection that the sandbox accepted and on which something came. */
  readonly connections: readonly Parsed[];
  readonly id: string;
  readonly sandboxPort: number;
  /** The reader was left waiting, or the peer's process would have ended. */
  readonly fails: boolean;
}

export async function play(testCase: Case, id: string, peer: Peer): Promise<Exchange> {
  const ends = { reader: new Received(), sandbox: new Received() };
  const sandbox = await startSandbox(testCase, ends);
  try {
    await peer.route(id, sandbox.port);
    const read = await playReader(testCase, id, peer, ends);
    if (testCase.untilSandboxLeft === true) {
      const timer = setTimeout(() => ends.sandbox.changed(), DEADLINE_MS);
      const started = performance.now();
      const isLate = (): boolean => performance.now() - started >= DEADLINE_MS;
      await ends.sandbox.when(() => sandbox.open.size === 0 || isLate());
      clearTimeout(timer);
      if (sandbox.open.size > 0) throw new Error('the peer keeps its connection to the sandbox');
    }
    const connections = sandbox.texts
      .filter((each) => each.text !== '')
      .map((each) => parseRequests(each.text));
    return { ...read, connections, id, sandboxPort: sandbox.port };
  } finally {
    await sandbox.close();
  }
}

function fill(steps: Step | readonly Step[], name: string, value: string): readonly Step[] {
  return asList(steps).map((step) => (typeof step === 'string' ? step.replaceAll(name, value) : step));
}

type Ends = Readonly<Record<'reader' | 'sandbox', Received>>;

async function startSandbox({ answer = OK, answersAt = 'end' }: Case, ends: Ends) {
  const texts: { text: string }[] = [];
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const mine = { text: '' };
    texts.push(mine);
    open.add(socket);
    let answered = 0;
    let isTunnel = false;
    let turn = Promise.resolve();
    const answerNew = (): void => {
      const { messages } = parseRequests(mine.text);
      const due = messages.filter(({ isWhole }) => isWhole || answersAt === 'head');
      for (const { line } of due.slice(answered)) {
        answered += 1;
        const steps = / \S*\/last /.test(line)
          ? [LAST_ANSWER]
          : fill(answer, '{port}', String(socket.localPort));
        isTunnel ||= steps.some((step) => typeof step === 'string' && step.includes('HTTP/1.1 101'));
        turn = turn.then(() => take(steps, socket, ends));
      }
    };
    socket.on('data', (chunk) => {
      mine.text += chunk.toString('latin1');
      ends.sandbox.add(chunk.toString('latin1'));
      if (!isTunnel) answerNew();
    });
    socket.on('error', () => socket.destroy());
    socket.on('end', () => {
      ends.sandbox.add(ENDED);
      // A server lets go of a client that has, when it has said what it had to.
      if (!isTunnel) socket.end();
      else void turn.then(() => socket.end());
    });
    socket.on('close', () => {
      open.delete(socket);
      ends.sandbox.changed();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of open) socket.destroy();
    await closed;
  };
  return { port: address.port, texts, open, close };
}

const LAST_ANSWER = 'HTTP/1.1 200 OK\r\nX-From: sandbox\r\nContent-Length: 4\r\n\r\nlast';

async function playReader(
  testCase: Case,
  id: string,
  peer: Peer,
  ends: Ends,
): Promise<Pick<Exchange, 'answers' | 'readerEnd' | 'fails'>> {
  const methods = methodsOf(testCase);
  const mine = ends.reader;
  let readerEnd: 'fin' | 'reset' = 'fin';
  const socket = connect({ port: peer.port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  const mayFail = testCase.chp === 'fails' && peer.isChp;
  let fails = false;
  const timer = setTimeout(
    () => {
      fails = mayFail;
      socket.destroy(mayFail ? undefined : new Error('late'));
    },
    mayFail ? HANG_MS : DEADLINE_MS,
  );
  let failure: Error | undefined;
  const unlisten = !mayFail
    ? undefined
    : peer.onCrash(() => {
        fails = true;
        socket.destroy();
      });
  socket.on('data', (chunk) => mine.add(chunk.toString('latin1')));
  socket.on('end', () => {
    mine.isOver = true;
    mine.changed();
    socket.end();
  });
  socket.on('error', (error) => {
    readerEnd = 'reset';
    if (error.message === 'late') failure = error;
  });
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      clearTimeout(timer);
      mine.isOver = true;
      mine.changed();
      resolve();
    });
  });
  const answersSoFar = (): Parsed => parseResponses(mine.text, [...methods, 'GET'], mine.isOver);
  await Promise.race([once(socket, 'connect'), closed]);
  await take(fill(testCase.send, '{id}', id), socket, ends);
  await mine.when(() => mine.isOver || socket.destroyed || isAnswered(answersSoFar(), methods.length));
  if (!mine.isOver) {
    const { messages } = answersSoFar();
    const last = messages.at(-1);
    if (last?.line.includes(' 101') === true) socket.end();
    else if (!isClosing(last)) {
      socket.write(`GET /user/${id}/last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
    }
  }
  await closed;
  unlisten?.();
  if (failure !== undefined) throw new Error(`stuck; the reader has ${JSON.stringify(mine.text)}`);
  return { answers: answersSoFar(), readerEnd, fails };
}

function isAnswered({ messages }: Parsed, wanted: number): boolean {
  if (messages.at(-1)?.line.includes(' 101') === true) return true;
  const finals = messages.filter(({ line, isWhole }) => isWhole && !/^HTTP\/1\.1 1/.test(line));
  return finals.length >= wanted || (finals.length > 0 && isClosing(finals.at(-1)));
}

function isClosing(message: Parsed['messages'][number] | undefined): boolean {
  return (
    message?.line.startsWith('HTTP/1.0') === true ||
    message?.headers.some(([name, value]) => name === 'connection' && /\bclose\b/i.test(value)) === true
  );
}
