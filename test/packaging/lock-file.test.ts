// The packages in the lock file, none of which may run a program when it is installed.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({ hasInstallScript: z.boolean().optional(), os: z.array(z.string()).optional() }),
  ),
});
const LOCK = new URL('../../package-lock.json', import.meta.url);

test('no package runs a script when it is installed on Linux', () => {
  const { packages } = lockSchema.parse(JSON.parse(readFileSync(LOCK, 'utf8')));
  const isForLinux = ({ os }: { readonly os?: readonly string[] | undefined }): boolean =>
    os?.includes('linux') ?? true;
  expect(Object.keys(packages).length).toBeGreaterThan(100);
  const withScripts = Object.entries(packages).filter(
    ([, entry]) => entry.hasInstallScript === true && isForLinux(entry),
  );
  expect(withScripts.map(([path]) => path)).toEqual([]);
});
