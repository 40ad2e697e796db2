// A publisher's directory for `--brand-dir`, in a temporary place.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';

export const LOGO =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><circle cx="20" cy="20" r="18" fill="#0b57d0"/></svg>';

export const BRAND = {
  name: 'The Journal of <Small> Experiments',
  logo: 'logo.svg',
  title: 'Try "Figure 1"',
  description: 'A live figure & all of its data.',
  footer: 'Questions? Write to figures@example-journal.org',
  colours: {
    light: { accent: '#0b57d0', paper: '#eef3fb' },
    dark: { accent: '#8ab4f8', 'on-accent': '#0b1a33' },
  },
  words: {
    de: { 'launch.title': 'Abbildung 1', 'launch.open': 'Abbildung öffnen' },
    fr: { 'embed.label': 'Ouvrir la figure' },
  },
};

/** The caller removes it. @param files further ones, by name */
export function makeBrandDir(
  brand: unknown = BRAND,
  files: Readonly<Record<string, string | Buffer>> = {},
): string {
  const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-brand-'));
  const all = {
    'logo.svg': LOGO,
    'brand.yaml': typeof brand === 'string' ? brand : stringify(brand),
    ...files,
  };
  for (const [name, content] of Object.entries(all)) writeFileSync(join(dir, name), content);
  return dir;
}
