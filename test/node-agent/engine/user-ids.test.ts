import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { findInPasswd, withOwnId } from '../../../node-agent/engine/docker/image/image-user.ts';
import { LABELS } from '../../../node-agent/engine/docker/names.ts';
import { userIdRange, whyNotUserIds } from '../../../node-agent/engine/docker/user-id-range.ts';
import { UserIds } from '../../../node-agent/engine/docker/user-ids.ts';
import type { Engine } from '../../../node-agent/engine/engine.ts';
import { dockerHost } from '../../contract/docker-host.ts';
import { askSandbox, echoCommand, newSpec } from '../../contract/engine-contract.ts';
import { describeNeeding } from '../../lab/needs.ts';

const RANGE = '200000-200002';

describe('user ids of sandboxes', () => {
  test('off gives none', () => {
    expect(new UserIds('off').take('a')).toBeUndefined();
  });

  test('no two sandboxes have one, and one that was given back is used last', () => {
    const ids = new UserIds(RANGE);
    expect([ids.take('a'), ids.take('b')]).toEqual([200_000, 200_001]);
    ids.forget('a');
    expect([ids.take('c'), ids.take('d')]).toEqual([200_002, 200_000]);
  });

  test('those of containers that exist are taken', () => {
    const ids = new UserIds(RANGE);
    ids.observe([
      { Labels: { [LABELS.sandbox]: 'x', [LABELS.uid]: '200000' } },
      { Labels: { [LABELS.sandbox]: 'y' } },
    ]);
    expect([ids.take('a'), ids.take('b')]).toEqual([200_001, 200_002]);
  });

  test('when all are taken, the error says so', () => {
    const ids = new UserIds(RANGE);
    for (const sandbox of ['a', 'b', 'c']) ids.take(sandbox);
    expect(() => ids.take('d')).toThrow('uid-range: all 3 user ids are taken');
  });

  test.each(['0-10', '999-2000', '200001-200000', '200000-4294967295', '200000', 'on', ''])(
    'a range of %j is refused',
    (range) => {
      expect(userIdRange.schema.safeParse(range).success).toBe(false);
    },
  );

  test('a Docker that maps users has ids up to 65535 only', () => {
    const mapped = ['name=seccomp,profile=default', 'name=userns'];
    expect(whyNotUserIds('200000-209999', mapped)).toContain('ids in its containers end at 65535');
    expect(whyNotUserIds('10000-19999', mapped)).toBeUndefined();
    expect(whyNotUserIds('200000-209999', ['name=seccomp,profile=default'])).toBeUndefined();
    expect(whyNotUserIds('off', mapped)).toBeUndefined();
  });

  test('the group stays that of the image’s user', () => {
    expect(withOwnId({ user: 'jovyan', uid: 1000, gid: 100 }, 200_000)).toEqual({
      ...{ user: '200000:100', uid: 200_000, gid: 100 },
    });
    expect(withOwnId({ user: '1000:users', uid: 1000, gid: undefined }, 200_000).user).toBe('200000:users');
    expect(withOwnId({ user: '1000', uid: 1000, gid: undefined }, 200_000).user).toBe('200000:200000');
  });

  test('a user is found in /etc/passwd by name and by number', () => {
    const passwd = 'root:x:0:0::/root:/bin/sh\njovyan:x:1000:100::/home/jovyan:/bin/sh\n';
    expect(findInPasswd(passwd, 'jovyan')).toEqual({ uid: 1000, gid: 100 });
    expect(findInPasswd(passwd, '1000')).toEqual({ uid: 1000, gid: 100 });
    expect(findInPasswd(passwd, '100')).toBeUndefined();
  });
});

describeNeeding(['docker'], 'user ids of containers', ({ docker }) => {
  const host = dockerHost(docker);
  const engines: Engine[] = [];
  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.close({ purge: true });
  });
  const open = async (nodeId: string, command = echoCommand(host)): Promise<Engine> => {
    const engine = host.engine(nodeId, command, { uidRange: RANGE });
    engines.push(engine);
    await engine.open(() => undefined);
    return engine;
  };
  const userOf = async (id: string): Promise<string> =>
    (await (await host.container(id)).inspect()).Config.User;
  const newNode = (): string => `uids-${randomBytes(4).toString('hex')}`;

  test('each runs as its own, with a home of its own, and a name in its environment', async () => {
    const engine = await open(newNode());
    const specs = [newSpec(), newSpec()];
    for (const spec of specs) {
      const { env, cwd } = await askSandbox(await engine.start(spec), spec.id);
      expect(env).toMatchObject({ HOME: cwd, USER: 'jovyan', LOGNAME: 'jovyan' });
    }
    expect(await Promise.all(specs.map(({ id }) => userOf(id)))).toEqual(['200000:1000', '200001:1000']);
  });

  test('a restarted agent gives no id that an adopted sandbox has', async () => {
    const nodeId = newNode();
    const [kept, fresh] = [newSpec(), newSpec()];
    const first = await open(nodeId);
    await first.start(kept);
    await first.close();
    const second = await open(nodeId);
    await second.start(fresh);
    expect([await userOf(kept.id), await userOf(fresh.id)]).toEqual(['200000:1000', '200001:1000']);
  });

  test('a failed start of an image that does not support it says so', async () => {
    const engine = await open(newNode(), 'echo "cannot write: Permission denied" >&2; exit 1');
    const spec = newSpec();
    await engine.start(spec).catch(() => undefined);
    await expect
      .poll(async () => (await engine.diagnose(spec.id))?.remark, { timeout: 20_000 })
      .toBe('it ran as user 200000 of --uid-range, which this image may not support: try --uid-range off');
  });
});
