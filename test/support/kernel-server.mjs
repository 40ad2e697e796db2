// A sandbox that speaks as much of Jupyter as a reader made by us asks for: a page, kernels over REST, one line over a WebSocket.
// Arguments: base path, address, port, and a file; while that exists, its kernels answer with an error, or where it holds `flood` talk
// without end.
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const [base, host, port, broken] = process.argv.slice(2);
const sockets = new WebSocketServer({ noServer: true });

/** As fast as they are read. */
function flood(ws) {
  const words = `{"content":[${'[],'.repeat(300_000)}[]]}`;
  const talk = () => ws.readyState === ws.OPEN && ws.send(words, talk);
  talk();
}

createServer((request, response) => {
  const path = (request.url ?? '').split('?')[0];
  const json = (status, value) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  if (path === `${base}api`) json(200, { version: '2.0.0' });
  else if (path === `${base}api/kernels` && request.method === 'POST') json(201, { id: 'kernel-1' });
  else if (path.startsWith(`${base}api/`)) json(404, {});
  else response.writeHead(200, { 'content-type': 'text/html' }).end('<title>Home</title>');
})
  .on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (ws) =>
      ws.on('message', (data) => {
        const { header, content } = JSON.parse(String(data));
        const say = (type, rest) =>
          ws.send(
            JSON.stringify({ msg_type: type, parent_header: { msg_id: header.msg_id }, content: rest }),
          );
        if (existsSync(broken) && readFileSync(broken, 'utf8') === 'flood') flood(ws);
        else if (existsSync(broken)) say('error', { ename: 'BrokenKernel', evalue: 'it is broken' });
        else say('execute_result', { data: { 'text/plain': content.code } });
        say('status', { execution_state: 'idle' });
      }),
    );
  })
  .listen(Number(port), host);
