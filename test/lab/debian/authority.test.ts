// Seen: two certificates issued at the same time, of which one failed, because both wrote the authority's file of serial numbers.
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Authority } from './authority.ts';

test('issues any number of certificates at the same time, each with a serial number of its own', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-authority-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const authority = await Authority.create(dir);
  const names = Array.from({ length: 12 }, (_, index) => `host${index}.test`);
  const issued = await Promise.all(names.map((name) => authority.issue(name)));
  const read = issued.map(({ cert }) => new X509Certificate(readFileSync(cert)));
  expect(read.map(({ subjectAltName }) => subjectAltName)).toEqual(names.map((name) => `DNS:${name}`));
  expect(new Set(read.map(({ serialNumber }) => serialNumber)).size).toBe(names.length);
});
