// configurable-http-proxy beside the node's proxy, byte by byte, before one and the same misbehaving sandbox. What they
// do differently is declared in `differences/`, with the reason why ours is right; nothing else may differ.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findFaults } from './compare.ts';
import { play } from './exchange.ts';
import { normalise, type Sightings } from './normalise.ts';
import { type Peer, type PeerName, startPeers } from './peers.ts';
import { TABLES } from './tables.ts';

const NOT_ASKED: Sightings = new Map([['the peer', 'is not asked']]);

let peers: Readonly<Record<PeerName, Peer>>;

beforeAll(async () => {
  peers = await startPeers();
});

afterAll(async () => {
  await Promise.all(Object.values(peers).map((peer) => peer.close()));
});

for (const [number, { title, cases, differences }] of TABLES.entries()) {
  describe(title, () => {
    test.each(cases.map((each, index) => ({ ...each, id: `s${number}c${index}` })))('$name', async (each) => {
      const [chp, ours] = await Promise.all([
        each.chp === 'unasked' ? NOT_ASKED : play(each, each.id, peers.chp).then(normalise),
        play(each, each.id, peers.ours).then(normalise),
      ]);
      expect(findFaults(chp, ours, differences[each.name] ?? []).join('\n')).toBe('');
    });

    test('each difference is of a case, and each case has a name of its own', () => {
      const names = cases.map(({ name }) => name);
      expect(Object.keys(differences).filter((name) => !names.includes(name))).toEqual([]);
      expect(new Set(names).size).toBe(names.length);
    });
  });
}
