// Credentials of image registries, in the form of Docker's config.json.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readRegistryAuth, registryOf } from '../../../node-agent/engine/docker/image/registry-auth.ts';

const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-registry-auth-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const path = join(dir, 'config.json');
const given = (content: unknown): string => {
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};
const auth = Buffer.from('reader:pass:word').toString('base64');
const IMAGE = 'registry.example.org/team/notebook:1';

test.each([
  ['jupyter/base-notebook:latest', 'docker.io'],
  ['notebook', 'docker.io'],
  ['quay.io/jupyter/base-notebook', 'quay.io'],
  ['localhost/x', 'localhost'],
  ['127.0.0.1:5000/x:1', '127.0.0.1:5000'],
])('%s is at %s', (reference, registry) => expect(registryOf(reference)).toBe(registry));

describe('credentials', () => {
  test.each([
    ['registry.example.org', { auth }],
    ['https://registry.example.org/v2/', { auth }],
    ['registry.example.org', { username: 'reader', password: 'pass:word' }],
  ])('are found at %s', (key, entry) => {
    const found = readRegistryAuth(given({ auths: { 'quay.io': { auth: 'eDp5' }, [key]: entry } }), IMAGE);
    expect(found).toEqual({
      username: 'reader',
      password: 'pass:word',
      serveraddress: 'registry.example.org',
    });
  });

  test('of the public registry are at the address that docker login writes', () => {
    const found = readRegistryAuth(given({ auths: { 'https://index.docker.io/v1/': { auth } } }), 'team/x');
    expect(found).toMatchObject({ username: 'reader', serveraddress: 'https://index.docker.io/v1/' });
  });

  test('may be a token', () => {
    const entry = { auth, identitytoken: 'token' };
    expect(readRegistryAuth(given({ auths: { 'registry.example.org': entry } }), IMAGE)).toEqual({
      identitytoken: 'token',
      serveraddress: 'registry.example.org',
    });
  });

  test('need not be there, also where helpers keep those of others', () => {
    expect(readRegistryAuth(given({ auths: { 'quay.io': { auth } } }), IMAGE)).toBeUndefined();
    const others = { credHelpers: { 'gcr.io': 'gcloud' }, credsStore: 'desktop', HttpHeaders: { a: 'b' } };
    expect(readRegistryAuth(given(others), IMAGE)).toBeUndefined();
  });
});

describe('a file is refused, and nothing of it is repeated,', () => {
  test.each([
    ['that is no JSON', `{"auths": ${auth}`, /is not JSON/],
    ['of another form', { auths: { 'registry.example.org': auth } }, /auths has another form/],
    ['that names a helper', { credHelpers: { 'registry.example.org': 'pass' } }, /docker-credential-pass/],
    ['of a store', { auths: { 'registry.example.org': {} }, credsStore: 'desktop' }, /credential-desktop/],
    ['with an empty entry', { auths: { 'registry.example.org': {} } }, /has no user and password/],
    ['with a password alone', { auths: { 'registry.example.org': { auth: btoa('secret') } } }, /has no user/],
  ])('%s', (_, content, message) => {
    const read = (): unknown => readRegistryAuth(given(content), IMAGE);
    expect(read).toThrow(message);
    expect(read).not.toThrow(/pass:word|secret|cmVhZGVy/);
  });

  test('that is missing', () => {
    expect(() => readRegistryAuth(join(dir, 'none.json'), IMAGE)).toThrow(/cannot be read \(ENOENT/);
  });
});
