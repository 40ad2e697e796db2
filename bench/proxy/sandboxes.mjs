// Stand-ins for sandboxes, each on a port of its own: just enough HTTP and WebSocket over plain sockets, so that they are not what
// is measured. `node sandboxes.mjs <count>`; sends {ports}.
import { createServer } from 'node:net';

const AGREED =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';
/** Of a frame that a reader masked. */
const MASK_BYTES = 4;
const answers = new Map();

const ports = [];
for (let index = 0; index < Number(process.argv[2]); index += 1) ports.push(await listen());
process.on('disconnect', () => process.exit());
process.send({ ports });

function listen() {
  const server = createServer({ noDelay: true }, serve);
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
}

/** Answers every request head, whose end is the end of a packet, or comes back with every short frame. */
function serve(socket) {
  let head = '';
  socket.on('error', () => socket.destroy());
  const onHead = (chunk) => {
    head += chunk.toString('latin1');
    if (!head.endsWith('\r\n\r\n')) return;
    const [, size] = /^GET \S*\/b\/(\d+)/.exec(head) ?? [];
    head = '';
    if (size !== undefined) {
      socket.write(answerOf(size));
      return;
    }
    socket.off('data', onHead);
    socket.on('data', (frames) => socket.write(echoOf(frames)));
    socket.write(AGREED);
  };
  socket.on('data', onHead);
}

function answerOf(size) {
  let answer = answers.get(size);
  if (answer === undefined) {
    const head =
      'HTTP/1.1 200 OK\r\nServer: TornadoServer/6.4\r\nContent-Type: application/javascript\r\n' +
      'Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nEtag: "0123456789abcdef"\r\nX-Content-Type-Options: nosniff\r\n' +
      `Cache-Control: max-age=3600\r\nContent-Length: ${size}\r\n\r\n`;
    answer = Buffer.concat([Buffer.from(head), Buffer.alloc(Number(size), 'x')]);
    answers.set(size, answer);
  }
  return answer;
}

/** One masked frame of less than 126 bytes, without its mask. */
function echoOf(frame) {
  const length = frame[1] & 0x7f;
  const echo = Buffer.allocUnsafe(2 + length);
  echo[0] = frame[0];
  echo[1] = length;
  for (let index = 0; index < length; index += 1)
    echo[2 + index] = frame[2 + MASK_BYTES + index] ^ frame[2 + (index % MASK_BYTES)];
  return echo;
}
