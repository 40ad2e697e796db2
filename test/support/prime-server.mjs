// A sandbox that speaks as much of Jupyter as priming asks for, and may misbehave. Arguments: base path, address, port, and how:
// `notebook` has a notebook as large as one may be, made of very many parts; `output` talks without end while its cell runs.
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const [base, host, port, fault] = process.argv.slice(2);
const sockets = new WebSocketServer({ noServer: true });
const END = '],"metadata":{"kernelspec":{"name":"python3"}}}}';
const PART = '[],'.repeat(300_000);
const PARTS = fault === 'notebook' ? 70 : 0;

createServer((request, response) => {
  const path = (request.url ?? '').split('?')[0];
  const json = (status, value) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  if (path === `${base}api/sessions`) json(201, { id: 's1', path: 'intro.ipynb', kernel: { id: 'k1' } });
  else if (path.startsWith(`${base}api/contents/`)) {
    response.writeHead(200, { 'content-type': 'application/json' }).write('{"content":{"cells":[');
    for (let part = 0; part < PARTS; part += 1) response.write(PART);
    response.end(`[]${END}`);
  } else response.writeHead(200, { 'content-type': 'text/html' }).end('<title>Home</title>');
})
  .on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (ws) =>
      ws.on('message', (data) => {
        const { header } = JSON.parse(String(data));
        const say = (type, content, then) =>
          ws.send(
            JSON.stringify({ msg_type: type, parent_header: { msg_id: header.msg_id }, content }),
            then,
          );
        const talk = () => ws.readyState === ws.OPEN && say('stream', { text: PART }, talk);
        if (header.msg_type === 'kernel_info_request') say('kernel_info_reply', { status: 'ok' });
        else if (fault === 'output') talk();
        else say('execute_reply', { status: 'ok' });
      }),
    );
  })
  .listen(Number(port), host);
