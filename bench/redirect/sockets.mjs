// Load without wrk. On each message {port, connections, seconds, fresh, request}: one request at a time per connection.
import { connect } from 'node:net';
import { answerCalls } from '../common/calls.mjs';

const END = '\r\n\r\n';

answerCalls(run);

async function run({ port, connections, seconds, fresh, request }) {
  let answers = 0;
  const started = performance.now();
  const until = started + seconds * 1_000;
  const one = (resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => socket.write(request));
    socket.setEncoding('latin1');
    socket.on('error', reject);
    let tail = '';
    socket.on('data', (text) => {
      tail += text;
      // Every answer here has no body, or ends the connection.
      if (!tail.includes(END)) return;
      if (!tail.startsWith('HTTP/1.1 302 ')) {
        socket.destroy();
        reject(new Error(`not a redirect: ${tail}`));
        return;
      }
      tail = '';
      answers += 1;
      if (!fresh && performance.now() < until) {
        socket.write(request);
        return;
      }
      socket.destroy();
      if (performance.now() < until) one(resolve, reject);
      else resolve();
    });
  };
  await Promise.all(Array.from({ length: connections }, () => new Promise(one)));
  return { answers, took: (performance.now() - started) / 1_000 };
}
