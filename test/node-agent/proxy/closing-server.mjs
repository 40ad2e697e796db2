// A sandbox's server in a process of its own. It closes connections that were idle for argv[2] ms (0: each one after
// its response) without announcing it. It answers a POST with the number of times that it got that body.
import { createServer } from 'node:net';

const idleMs = Number(process.argv[2]);
const times = new Map();

const server = createServer((socket) => {
  let timer;
  let seen = '';
  socket.on('error', () => socket.destroy());
  socket.once('close', () => clearTimeout(timer));
  socket.on('data', (chunk) => {
    clearTimeout(timer);
    seen += chunk.toString('latin1');
    const end = seen.indexOf('\r\n\r\n') + 4;
    if (end < 4) return;
    const length = Number(/content-length: (\d+)/i.exec(seen)?.[1] ?? 0);
    if (seen.length < end + length) return;
    const body = seen.slice(end, end + length);
    seen = '';
    times.set(body, (times.get(body) ?? 0) + 1);
    const answer = String(times.get(body));
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${answer.length}\r\n\r\n${answer}`);
    if (idleMs === 0) socket.end();
    else timer = setTimeout(() => socket.end(), idleMs);
  });
});
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.once('disconnect', () => process.exit());
