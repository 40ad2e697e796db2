// Which sites may show a sandbox's pages in a frame: the operator says it, whatever the sandbox says.
import { expect, test } from 'vitest';
import { withoutFrameAncestors } from '../../../shared/http/embedding.ts';
import { isEmbedOrigin } from '../../../shared/protocol/embed-origins.ts';
import { ask, ID, startBed, startHttp } from './bed.ts';

const POLICY = "frame-ancestors 'self' https://www.example-journal.org";

test('takes the place of what the sandbox says about frames, and leaves the rest of its policies', async () => {
  const sandbox = await startHttp((request, response) => {
    const policies: Record<string, string | string[]> = {
      // Jupyter's own.
      jupyter: "frame-ancestors 'self'; report-uri /api/security/csp-report",
      only: "Frame-Ancestors 'none'",
      two: ["default-src 'self'; frame-ancestors 'none'; img-src *", "script-src 'none'"],
      joined: "default-src 'self', frame-ancestors 'none'",
    };
    const name = request.url?.split('/').at(-1) ?? '';
    response.setHeader('content-security-policy', policies[name] ?? []);
    response.setHeader('x-frame-options', 'DENY');
    response.end('a page');
  });
  const { port } = await startBed(sandbox.port, { framePolicy: () => POLICY });
  const policiesAt = async (name: string): Promise<unknown> => {
    const { headers } = await ask(port, `/user/${ID}/${name}`);
    expect(headers['x-frame-options']).toBeUndefined();
    return headers['content-security-policy'];
  };
  expect(await policiesAt('jupyter')).toBe(`report-uri /api/security/csp-report, ${POLICY}`);
  expect(await policiesAt('only')).toBe(POLICY);
  expect(await policiesAt('two')).toBe(`default-src 'self'; img-src *, script-src 'none', ${POLICY}`);
  expect(await policiesAt('joined')).toBe(`default-src 'self', ${POLICY}`);
  expect(await policiesAt('none')).toBe(POLICY);
});

test('a policy that only has the word in it stays as it is', () => {
  const policy = "default-src 'self'; report-uri /frame-ancestors";
  expect(withoutFrameAncestors(policy)).toBe(policy);
});

test.each([
  ['https://www.example-journal.org', true],
  ['http://localhost:8080', true],
  ['https://*.example.org', true],
  ['https://example.org:*', true],
  ['*', true],
  ['https://example.org/', false],
  ['example.org', false],
  ["https://example.org 'unsafe-inline'", false],
  ['https://example.org;script-src', false],
  ['https://example.org,https://other.example', false],
  [`https://${'a'.repeat(250)}.org`, false],
])('an origin: %s', (text, is) => expect(isEmbedOrigin(text)).toBe(is));
