// What every registry must do, whichever store it uses.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OwnedRegistry } from '../../redirector/registry/registry.ts';
import type { AuditEntry } from '../../shared/api/registry.ts';
import type { Member } from '../../shared/protocol/wire.ts';
import { until } from '../support/until.ts';

export interface RegistryHost {
  readonly kind: 'file' | 'redis';
  /** The registry of another redirector over the same store, with a disk of its own if it needs one. */
  open(): Promise<OwnedRegistry>;
  /** Empties the store, without an order. */
  lose(): Promise<void>;
  /** A new, empty store for the next test. */
  renew(): Promise<void>;
}

const A = { id: 'a', url: 'https://a.invalid' };
const B = { id: 'b', url: 'https://b.invalid' };
const C = { id: 'c', url: 'https://c.invalid' };

export function registryContract(host: RegistryHost): void {
  describe(`a registry: ${host.kind}`, () => {
    let registry: OwnedRegistry;
    const others: OwnedRegistry[] = [];
    const another = async (): Promise<OwnedRegistry> => {
      const other = await host.open();
      others.push(other);
      return other;
    };
    beforeEach(async () => {
      await host.renew();
      registry = await host.open();
    });
    afterEach(async () => {
      await Promise.all([registry, ...others.splice(0)].map((each) => each.close()));
    });

    test('starts empty, and reports its kind', () => {
      expect(registry.membership.members()).toEqual([]);
      expect(registry.recovery.status()).toMatchObject({ kind: host.kind, state: 'current', why: undefined });
    });

    test('has each id and each address once, and names the node that already has it', async () => {
      await registry.membership.add(A);
      expect(registry.membership.members()).toEqual([A]);
      await expect(registry.membership.add({ id: 'a', url: B.url })).rejects.toMatchObject({
        code: 'already-exists',
        message: expect.stringContaining(A.url),
      });
      await expect(registry.membership.add({ id: 'b', url: `${A.url}/` })).rejects.toMatchObject({
        code: 'already-exists',
      });
      expect(registry.membership.members()).toEqual([A]);
    });

    test('says whether there was a node to remove', async () => {
      await registry.membership.add(A);
      await registry.membership.add(B);
      expect(await registry.membership.remove('a')).toBe(true);
      expect(await registry.membership.remove('a')).toBe(false);
      expect(registry.membership.members()).toEqual([B]);
      expect(await registry.membership.remove('b')).toBe(true);
      // By order, so this removal counts.
      expect(registry.membership.members()).toEqual([]);
      expect(registry.recovery.status().state).toBe('current');
    });

    test('notifies every redirector of every change, and a new one of all', async () => {
      const other = await another();
      const seen: (readonly Member[])[] = [];
      other.membership.watch((members) => seen.push(members));
      await registry.membership.add(A);
      await until('the other knows', () => other.membership.members().length === 1);
      expect(seen.at(-1)).toEqual([A]);
      await other.membership.add(B);
      await until('the first knows', () => registry.membership.members().length === 2);
      await registry.membership.remove('a');
      await until('it is gone there', () => other.membership.members().length === 1);
      expect((await another()).membership.members()).toEqual([B]);
    });

    test('applies many concurrent changes of two redirectors, each exactly once', async () => {
      const other = await another();
      const results = await Promise.allSettled(
        Array.from({ length: 40 }, (_, index) =>
          (index % 2 === 0 ? registry : other).membership.add({
            id: `n${Math.floor(index / 2)}`,
            url: `http://n${index}.invalid`,
          }),
        ),
      );
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(20);
      for (const each of [registry, other]) {
        await until('both know all', () => each.membership.members().length === 20);
        expect(new Set(each.membership.members().map(({ id }) => id)).size).toBe(20);
      }
    });

    test('that is lost is reported, ignored and unchanged until an order writes it again', async () => {
      const other = await another();
      await registry.membership.add(A);
      await registry.membership.add(B);
      await until('the other knows', () => other.membership.members().length === 2);
      await host.lose();
      for (const each of [registry, other]) {
        await until('each redirector notices it', () => each.recovery.status().state === 'lost');
        expect(each.recovery.status().why).toBeTruthy();
        expect(ids(each)).toEqual(['a', 'b']);
        await expect(each.membership.add(C)).rejects.toMatchObject({ code: 'conflict' });
        await expect(each.membership.remove('a')).rejects.toMatchObject({ code: 'conflict' });
      }
      await registry.recovery.restore();
      for (const each of [registry, other]) {
        await until('all is well', () => each.recovery.status().state === 'current');
        expect(ids(each)).toEqual(['a', 'b']);
      }
      await expect(registry.recovery.restore()).rejects.toMatchObject({ code: 'conflict' });
      await other.membership.add(C);
      expect(ids(await another())).toEqual(['a', 'b', 'c']);
    });

    test('that is lost is used by every redirector once an operator accepts it', async () => {
      const other = await another();
      await registry.membership.add(A);
      await until('the other knows', () => other.membership.members().length === 1);
      await expect(registry.recovery.accept()).rejects.toMatchObject({ code: 'conflict' });
      await host.lose();
      await until('the other notices it', () => other.recovery.status().state === 'lost');
      await other.recovery.accept();
      for (const each of [registry, other]) {
        await until('it is empty', () => each.membership.members().length === 0);
        expect(each.recovery.status().state).toBe('current');
      }
      await registry.membership.add(B);
      await until('the other goes on', () => other.membership.members().length === 1);
    });

    test('that is lost while no node is known starts again', async () => {
      await host.lose();
      await registry.membership.add(A);
      expect(registry.membership.members()).toEqual([A]);
    });

    test('keeps the callers of changes, newest first', async () => {
      const entry = (what: string): AuditEntry => ({
        at: new Date().toISOString(),
        ...{ redirector: 'front-1', actor: 'ada@bastion', address: '127.0.0.1', what, status: 200 },
        body: { deadline: '30m' },
      });
      expect(await registry.audit.list(10)).toEqual([]);
      for (const what of ['one', 'two', 'three']) await registry.audit.note(entry(what));
      expect((await (await another()).audit.list(2)).map(({ what }) => what)).toEqual(['three', 'two']);
      expect((await registry.audit.list(10)).at(-1)).toMatchObject({
        what: 'one',
        body: { deadline: '30m' },
      });
    });
  });
}

function ids(registry: OwnedRegistry): readonly string[] {
  return registry.membership
    .members()
    .map(({ id }) => id)
    .sort();
}
