#!/usr/bin/env node
// A stand-in for a notebook server: answers below its base path, speaks WebSocket, and misbehaves on request. One file
// without dependencies, because it is copied alone into an image.
//   node tiny-server.mjs --base-path /user/x --port 8888 --ip 127.0.0.1
// Below the base path: echo, ws, ws-count, ws-age, slow?ms=, big?bytes=, never, endless, abort, upload, exit?code=,
// refuse-ws, cookie?set=, eval (POST {host, port, timeoutMs}), file (PUT, GET); anything else answers 200 with its name.
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';

const { values: flags } = parseArgs({
  options: {
    'base-path': { type: 'string', default: '/' },
    port: { type: 'string', default: '8888' },
    ip: { type: 'string', default: '127.0.0.1' },
  },
  strict: false,
});

const base = `/${String(flags['base-path']).replace(/^\/+|\/+$/g, '')}`.replace(/^\/$/, '');
const file = join(tmpdir(), `tiny-server-${process.pid}-${randomUUID()}`);
/** Identifies this process: a reader who gets another value has lost their sandbox. */
const run = randomUUID();
const AGE_TICK_MS = 200;

const server = createServer((request, response) => {
  const found = locate(request);
  if (found === undefined) return reply(response, 404, { error: 'outside of the base path' });
  const handler = handlers[found.name] ?? greet;
  Promise.resolve(handler({ request, response, ...found })).catch((error) => response.destroy(error));
});

/** The name after the base path and the query; undefined outside of it. */
function locate(request) {
  const url = new URL(request.url ?? '/', 'http://sandbox');
  if (url.pathname !== base && !url.pathname.startsWith(`${base}/`)) return undefined;
  return { name: url.pathname.slice(base.length + 1).split('/')[0] ?? '', query: url.searchParams };
}

function reply(response, status, body) {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
}

/** Every path below the base exists, as a notebook server's pages do. */
function greet({ request, response, name }) {
  request.resume();
  reply(response, 200, { hello: name, basePath: base, pid: process.pid });
}

async function readBody(request) {
  const hash = createHash('sha256');
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    hash.update(chunk);
    if (bytes < 1_000_000) chunks.push(chunk);
  }
  return { bytes, sha256: hash.digest('hex'), text: () => Buffer.concat(chunks).toString() };
}

async function* zeros(total) {
  const chunk = Buffer.alloc(65_536);
  for (let left = total; left > 0; left -= chunk.length)
    yield left < chunk.length ? chunk.subarray(0, left) : chunk;
}

const handlers = {
  async echo({ request, response }) {
    const { bytes } = await readBody(request);
    const { method, url, headers, rawHeaders } = request;
    reply(response, 200, { method, path: url, headers, rawHeaders, bodyLength: bytes });
  },
  slow({ request, response, query }) {
    request.resume();
    setTimeout(() => reply(response, 200, { slow: true }), Number(query.get('ms') ?? 1000));
  },
  async big({ response, query }) {
    const bytes = Number(query.get('bytes') ?? 1_000_000);
    response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': bytes });
    await pipeline(zeros(bytes), response);
  },
  cookie({ request, response, query }) {
    request.resume();
    for (const cookie of query.getAll('set')) response.appendHeader('Set-Cookie', cookie);
    reply(response, 200, { set: query.getAll('set') });
  },
  never({ request }) {
    request.resume();
  },
  endless({ response }) {
    response.writeHead(200, { 'Content-Type': 'text/plain' });
    const timer = setInterval(() => response.write('and on\n'), 50);
    response.once('close', () => clearInterval(timer));
  },
  abort({ response }) {
    response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': 1000 });
    response.write('only the beginning', () => response.destroy());
  },
  async upload({ request, response }) {
    const { bytes, sha256 } = await readBody(request);
    reply(response, 200, { bytes, sha256 });
  },
  exit({ query }) {
    process.exit(Number(query.get('code') ?? 0));
  },
  async eval({ request, response }) {
    const { host, port, timeoutMs } = JSON.parse((await readBody(request)).text());
    reply(response, 200, { result: await tryConnect(host, port, timeoutMs ?? 2000) });
  },
  async file({ request, response }) {
    if (request.method === 'PUT') {
      await pipeline(request, createWriteStream(file));
      return reply(response, 201, { written: true });
    }
    if (!existsSync(file)) return reply(response, 404, { error: 'nothing was put here' });
    response.writeHead(200, { 'Content-Type': 'application/octet-stream' });
    return pipeline(createReadStream(file), response);
  },
};

/** connected, refused, timeout or unreachable: the result of connecting from inside the sandbox. */
function tryConnect(host, port, timeoutMs) {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const settle = (result) => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => settle('connected'));
    socket.once('timeout', () => settle('timeout'));
    socket.once('error', (error) =>
      settle(
        error.code === 'ECONNREFUSED' ? 'refused' : error.code === 'ETIMEDOUT' ? 'timeout' : 'unreachable',
      ),
    );
  });
}

// WebSocket, RFC 6455: the handshake of §4.2.2 and the frames of §5.2, as much as an echo needs.
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

server.on('upgrade', (request, socket, head) => {
  const name = locate(request)?.name;
  socket.on('error', () => socket.destroy());
  if (name !== 'ws' && name !== 'ws-count' && name !== 'ws-age') {
    const body = 'no WebSocket here\n';
    const status = name === undefined ? '404 Not Found' : '403 Forbidden';
    socket.end(
      `HTTP/1.1 ${status}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
    return;
  }
  socket.write(`${handshake(request)}\r\n\r\n`);
  let pending = head;
  const receive = (chunk) => {
    pending = readFrames(Buffer.concat([pending, chunk]), ({ opcode, isLast, payload }) => {
      if (opcode === CLOSE) socket.end(frame(CLOSE, payload));
      else if (opcode === PING) socket.write(frame(PONG, payload));
      else if (opcode !== PONG) socket.write(frame(opcode, payload, isLast));
    });
  };
  receive(Buffer.alloc(0));
  socket.on('data', receive);
  socket.on('end', () => socket.end());
  if (name === 'ws-count') {
    let count = 0;
    const timer = setInterval(() => socket.write(frame(TEXT, Buffer.from(String(++count)))), 100);
    socket.once('close', () => clearInterval(timer));
  }
  if (name === 'ws-age') {
    // Counts ticks since the process started, across connections.
    const tell = () => {
      const count = Math.floor(performance.now() / AGE_TICK_MS);
      socket.write(frame(TEXT, Buffer.from(JSON.stringify({ run, count }))));
    };
    tell();
    const timer = setInterval(tell, AGE_TICK_MS);
    socket.once('close', () => clearInterval(timer));
  }
});

function handshake(request) {
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}${WEBSOCKET_GUID}`)
    .digest('base64');
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
  ];
  const [protocol] = (request.headers['sec-websocket-protocol'] ?? '').split(',');
  if (protocol) lines.push(`Sec-WebSocket-Protocol: ${protocol.trim()}`);
  return lines.join('\r\n');
}

/** Calls back for each whole frame; returns the rest. */
function readFrames(buffer, onFrame) {
  let rest = buffer;
  for (;;) {
    if (rest.length < 2) return rest;
    const short = rest[1] & 0x7f;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    const maskAt = 2 + lengthBytes;
    if (rest.length < maskAt + 4) return rest;
    const length =
      short === 126 ? rest.readUInt16BE(2) : short === 127 ? Number(rest.readBigUInt64BE(2)) : short;
    const start = maskAt + 4;
    if (rest.length < start + length) return rest;
    const payload = Buffer.from(rest.subarray(start, start + length));
    for (let index = 0; index < length; index += 1) payload[index] ^= rest[maskAt + (index % 4)];
    onFrame({ opcode: rest[0] & 0x0f, isLast: (rest[0] & 0x80) !== 0, payload });
    rest = rest.subarray(start + length);
  }
}

/** From a server, frames are not masked. */
function frame(opcode, payload, isLast = true) {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = (isLast ? 0x80 : 0) | opcode;
  head[1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

process.once('SIGTERM', () => process.exit(0));
server.listen(Number(flags.port), String(flags.ip), () => {
  console.log(`tiny-server listens on ${JSON.stringify(server.address())} below ${base || '/'}`);
});
