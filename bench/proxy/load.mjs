// The readers. On each message {port, row, ms}: as many requests as possible, one at a time per connection; sends {answers, seconds}.
import { connect } from 'node:net';
import { answerCalls } from '../common/calls.mjs';
import { handshakeOf, idOf, requestOf } from './rows.mjs';

const HEAD_END = '\r\n\r\n';
/** "hello, kernel" as a masked text frame, and how long it comes back. */
const FRAME = Buffer.from([
  0x81,
  0x80 + 13,
  1,
  2,
  3,
  4,
  ...Buffer.from('hello, kernel').map((byte, at) => byte ^ ((at % 4) + 1)),
]);
const ECHO_BYTES = 15;

answerCalls(run);

async function run({ port, row, ms }) {
  const next = row.sizes.length === 0 ? undefined : await exchanges(port, row);
  let answers = 0;
  let isOver = false;
  let started = 0;
  const counted = () => {
    answers += 1;
    return isOver;
  };
  const open =
    next === undefined
      ? (index) => echo(port, idOf(index % row.sandboxes), counted)
      : () => get(port, next, counted);
  const readers = await Promise.all(Array.from({ length: row.connections }, (_, index) => open(index)));
  started = performance.now();
  const ended = readers.map((begin) => begin());
  setTimeout(() => {
    isOver = true;
  }, ms);
  await Promise.all(ended);
  return { answers, seconds: (performance.now() - started) / 1_000 };
}

/** What gives the next request, and the bytes that its answer has through this proxy. */
async function exchanges(port, { sizes, sandboxes, browser }) {
  const lengths = new Map();
  for (const size of sizes) lengths.set(size, await lengthOf(port, requestOf(idOf(0), size, browser), size));
  const all = Array.from({ length: Math.max(sandboxes, sizes.length) }, (_, index) => {
    const size = sizes[index % sizes.length];
    return {
      bytes: Buffer.from(requestOf(idOf(index % sandboxes), size, browser)),
      length: lengths.get(size),
    };
  });
  let index = 0;
  return () => all[index++ % all.length];
}

function lengthOf(port, request, size) {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    socket.on('error', reject);
    socket.once('close', () => reject(new Error(`no whole answer: ${text.slice(0, 300)}`)));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      const length = text.indexOf(HEAD_END) + HEAD_END.length + size;
      if (text.length < length || !text.includes(HEAD_END)) return;
      if (text.startsWith('HTTP/1.1 200 ') && text.length === length) resolve(length);
      else reject(new Error(`not the answer: ${text.slice(0, 300)}`));
      socket.destroy();
    });
  });
}

/** Opens a connection; what it gives sends requests on it until `counted` says that it is over. */
function get(port, next, counted) {
  return opened(port, (socket, over) => {
    let got = 0;
    let { bytes, length } = next();
    socket.on('data', (chunk) => {
      got += chunk.length;
      if (got < length) return;
      if (got > length) throw new Error(`an answer of ${got} bytes instead of ${length}`);
      got = 0;
      if (counted()) return over();
      ({ bytes, length } = next());
      socket.write(bytes);
    });
    socket.write(bytes);
  });
}

async function echo(port, id, counted) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.write(handshakeOf(id));
  const head = await new Promise((resolve, reject) => {
    socket.once('data', resolve);
    socket.once('error', reject);
  });
  if (!head.toString('latin1').startsWith('HTTP/1.1 101 ')) throw new Error(`no WebSocket: ${head}`);
  return () =>
    new Promise((resolve, reject) => {
      let got = 0;
      socket.on('error', reject);
      socket.once('close', resolve);
      socket.on('data', (chunk) => {
        got += chunk.length;
        if (got < ECHO_BYTES) return;
        got = 0;
        if (counted()) socket.destroy();
        else socket.write(FRAME);
      });
      socket.write(FRAME);
    });
}

async function opened(port, use) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return () =>
    new Promise((resolve, reject) => {
      socket.on('error', reject);
      socket.once('close', resolve);
      use(socket, () => socket.destroy());
    });
}
