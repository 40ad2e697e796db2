// Stand-in nodes for the polling bench: one process, one port, one address of 127.0.0.0/8 per node.
import { createServer } from 'node:http';

let seq = 0;
const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
  seq += 1;
  const node = `n${(request.headers.host ?? '').replace(/:.*/, '').replaceAll('.', '-')}`;
  const body = JSON.stringify({
    available: 40,
    capacity: 64,
    version: '0',
    container_image: 'stand-in',
    fleet: {
      protocol: 1,
      node,
      boot: 'bench-boot',
      seq,
      state: 'ready',
      warm: 40,
      starting: 4,
      held: 20,
      removing: 0,
      waiting: 0,
      capacity: 64,
      image: 'stand-in',
      claims: seq,
      ended: { idle: 7, unclaimed: 1 },
      seen: { 'bench/boot': { [Math.floor(Date.now() / 1000)]: 3 } },
      load: 0.5,
    },
  });
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
});
server.listen({ port: 0, host: '0.0.0.0', backlog: 16_384 }, () =>
  process.send({ port: server.address().port }),
);
process.on('disconnect', () => process.exit());
