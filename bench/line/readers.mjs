// Readers who stand in line as a page's script does. `node readers.mjs <front>`; takes orders by IPC, and says who was told.
import { Agent, request as ask } from 'node:http';

const [front = ''] = process.argv.slice(2);
/** Readers behind one address: below the limits by client. */
const PER_ADDRESS = 40;
const AT_ONCE = 100;
const CLICK = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' };

const agents = new Map();
function agentOf(reader) {
  const number = Math.floor(reader / PER_ADDRESS);
  const address = `127.1.${Math.floor(number / 250)}.${1 + (number % 250)}`;
  const agent = agents.get(address) ?? new Agent({ keepAlive: true, localAddress: address });
  agents.set(address, agent);
  return agent;
}

function send(url, { agent, method = 'GET', headers = { accept: 'application/json' } }) {
  return new Promise((resolve, reject) => {
    const request = ask(url, { agent, method, headers }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () =>
        resolve({
          status: answer.statusCode,
          headers: answer.headers,
          text: Buffer.concat(parts).toString(),
        }),
      );
      answer.on('error', reject);
    });
    request.on('error', reject);
    request.end();
  });
}

/** Goes on to the node and into the sandbox. */
async function enter(location, agent) {
  let here = location;
  for (let hop = 0; hop < 5; hop += 1) {
    const { headers } = await send(here, { agent, headers: CLICK });
    if (headers.location === undefined) return here;
    here = new URL(headers.location, here).href;
    if (here.includes('/user/')) return here;
  }
  throw new Error(`${location} leads to no sandbox`);
}

/** The places of those who wait. They are text that sorts as they arrived. */
const places = new Set();
let held = 0;
let disorder = 0;

async function stand(reader) {
  const agent = agentOf(reader);
  const { status, text } = await send(`${front}/tree`, { agent, method: 'POST' });
  if (status !== 503) throw new Error(`reader ${reader} is answered ${status}: ${text.slice(0, 200)}`);
  void wait(reader, JSON.parse(text).again);
}

async function wait(reader, again) {
  const agent = agentOf(reader);
  const place = again.slice(again.indexOf('tmpfleet-place='));
  places.add(place);
  for (;;) {
    held += 1;
    const { text } = await send(`${front}${again}`, { agent });
    held -= 1;
    const { location } = JSON.parse(text);
    if (location === undefined) continue;
    const toldAt = performance.timeOrigin + performance.now();
    places.delete(place);
    for (const other of places)
      if (other < place) {
        disorder += 1;
        break;
      }
    await enter(location, agent);
    // Another comes in their place, so that the line keeps its length.
    await stand(reader);
    process.send({ toldAt });
    return;
  }
}

const orders = {
  take: async (count) => {
    // From addresses of their own, so that no cookie and no limit matters.
    await Promise.all(Array.from({ length: count }, (_, n) => enterFront(100_000 + n * PER_ADDRESS)));
    return {};
  },
  stand: async (count) => {
    const began = performance.now();
    let next = 0;
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (next < count) {
          next += 1;
          await stand(next - 1);
        }
      }),
    );
    return { took: performance.now() - began };
  },
};

const enterFront = (reader) => enter(`${front}/tree`, agentOf(reader));

process.on('message', async (message) => {
  if (message === 'count') return void process.send({ held, disorder });
  const [[name, value]] = Object.entries(message);
  process.send(await orders[name](value));
});
process.on('disconnect', () => process.exit());
