// What every registry must do, whatever keeps it.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OwnedRegistry } from '../../redirector/registry/registry.ts';
import type { AuditEntry } from '../../shared/api/registry.ts';
import type { Member } from '../../shared/protocol/wire.ts';
import { until } from '../support/until.ts';

export interface RegistryHost {
  readonly kind: 'file' | 'redis';
  /** Another redirector's, over the same store, with a disk of its own where that matters. */
  open(): Promise<OwnedRegistry>;
  /** What is stored goes, by nobody's order. */
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

    test('begins empty, and says what it is', () => {
      expect(registry.membership.members()).toEqual([]);
      expect(registry.recovery.status()).toMatchObject({ kind: host.kind, state: 'current', why: undefined });
    });

    test('has each id and each address once, and says who is there', async () => {
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

    test('says whether there was anybody to remove', async () => {
      await registry.membership.add(A);
      await registry.membership.add(B);
      expect(await registry.membership.remove('a')).toBe(true);
      expect(await registry.membership.remove('a')).toBe(false);
      expect(registry.membership.members()).toEqual([B]);
      expect(await registry.membership.remove('b')).toBe(true);
      // By order, so that is what counts.
      expect(registry.membership.members()).toEqual([]);
      expect(registry.recovery.status().state).toBe('current');
    });

    test('tells every redirector of every change, and a new one of all', async () => {
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

    test('takes many changes at once, of two redirectors, without losing one or taking one twice', async () => {
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

    test('that is lost is not obeyed, says so, is not changed, and is written anew by an order', async () => {
      const other = await another();
      await registry.membership.add(A);
      await registry.membership.add(B);
      await until('the other knows', () => other.membership.members().length === 2);
      await host.lose();
      for (const each of [registry, other]) {
        await until('it is noticed', () => each.recovery.status().state === 'lost');
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

    test('that is lost is obeyed when somebody says so, by every redirector', async () => {
      const other = await another();
      await registry.membership.add(A);
      await until('the other knows', () => other.membership.members().length === 1);
      await expect(registry.recovery.accept()).rejects.toMatchObject({ code: 'conflict' });
      await host.lose();
      await until('it is noticed', () => other.recovery.status().state === 'lost');
      await other.recovery.accept();
      for (const each of [registry, other]) {
        await until('it is empty', () => each.membership.members().length === 0);
        expect(each.recovery.status().state).toBe('current');
      }
      await registry.membership.add(B);
      await until('it goes on', () => other.membership.members().length === 1);
    });

    test('that is lost while nobody is known is begun again', async () => {
      await host.lose();
      await registry.membership.add(A);
      expect(registry.membership.members()).toEqual([A]);
    });

    test('keeps who did what, newest first', async () => {
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
