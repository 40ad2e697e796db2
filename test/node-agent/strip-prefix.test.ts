// Programs that do not know their base path, from a click to their page, with each engine.
import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import { TINY_SERVER } from '../lab/images/tiny-image.ts';
import { describeNeeding } from '../lab/needs.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { NAVIGATION, Reader } from '../support/reader.ts';

const AT_ROOT = '--port {port} --ip {ip}';
const FLAGS = { stripPrefix: true, probePath: 'health' } as const;

async function clickAt(agent: TestAgent): Promise<void> {
  try {
    await agent.warm(2);
    const landing = await new Reader().click(`${agent.url}/notebooks/a?b=c`);
    expect(landing.status).toBe(200);
    expect(landing.url).toMatch(/\/user\/[0-9a-f]+\/notebooks\/a\?b=c$/);
    expect(JSON.parse(landing.body)).toMatchObject({ hello: 'notebooks', basePath: '' });
  } finally {
    await agent.close();
  }
}

describe('with --strip-prefix', () => {
  test('a local program becomes warm, and a reader gets its page', async () =>
    clickAt(await startAgent({ ...FLAGS, command: `${process.execPath} ${TINY_SERVER} ${AT_ROOT}` })));

  test('at a host of its own, links from its root work', async () => {
    const agent = await startAgent({
      ...{ ...FLAGS, command: `${process.execPath} ${TINY_SERVER} ${AT_ROOT}`, sandboxDomain: 'localhost' },
    });
    try {
      await agent.warm(2);
      const { port } = new URL(agent.url);
      const reader = new Reader();
      const landing = await reader.click(`http://localhost:${port}/`);
      const { hostname } = new URL(landing.url);
      const answer = await request(`${agent.url}/static/app.js?v=1`, {
        headers: { ...NAVIGATION, host: `${hostname}:${port}`, ...landing.own },
      });
      await answer.body.dump();
      expect(answer.statusCode).toBe(302);
      expect(answer.headers.location).toMatch(/^\/user\/[0-9a-f]+\/static\/app\.js\?v=1$/);
    } finally {
      await agent.close();
    }
  });

  test('a command that knows its base path is refused, and so is the default one', async () => {
    await expect(startAgent({ ...FLAGS, command: 'x {base_path}' })).rejects.toThrow(
      /--command has \{base_path\}/,
    );
    await expect(startAgent({ ...FLAGS, command: '' })).rejects.toThrow(/strip-prefix: needs --command/);
  });
});

describeNeeding(['docker'], 'with --strip-prefix and Docker', ({ docker }) => {
  test('a container becomes warm, and a reader gets its page', async () =>
    clickAt(
      await startAgent({
        ...{ ...FLAGS, engine: 'docker', dockerHost: docker.host, image: docker.tinyImage, pull: 'never' },
        command: docker.tinyCommand.replace(/\s--base-path \S+/, ''),
      }),
    ));
});
