// A certificate authority for a suite, by openssl: for real TLS servers and their real clients.
import { mkdirSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { run } from '../run.ts';

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export interface Certificate {
  /** Paths of PEM files. */
  readonly key: string;
  readonly cert: string;
}

export class Authority {
  /** Path of its own certificate: what NODE_EXTRA_CA_CERTS takes. */
  readonly ca: string;
  readonly #dir: string;
  readonly #key: string;
  #issued = 0;

  private constructor(dir: string) {
    this.#dir = dir;
    this.ca = join(dir, 'ca.pem');
    this.#key = join(dir, 'ca.key');
  }

  /** @param dir made if it does not exist */
  static async create(dir: string): Promise<Authority> {
    mkdirSync(dir, { recursive: true });
    const authority = new Authority(dir);
    const files = ['-keyout', authority.#key, '-out', authority.ca];
    await run('openssl', ['req', '-x509', ...KEY, '-days', '900', '-subj', '/CN=An authority', ...files]);
    return authority;
  }

  /**
   * @param name a host's name or IP address; a client's name does not matter
   * @param more further names of that host
   */
  async issue(name: string, days = 60, more: readonly string[] = []): Promise<Certificate> {
    this.#issued += 1;
    const serial = String(this.#issued);
    const [key, request, cert, extensions] = ['key', 'csr', 'pem', 'ext'].map((kind) =>
      join(this.#dir, `${serial}.${kind}`),
    ) as [string, string, string, string];
    const names = [name, ...more].map((each) => `${isIP(each) === 0 ? 'DNS' : 'IP'}:${each}`);
    writeFileSync(extensions, `subjectAltName=${names.join(',')}\n`);
    await run('openssl', ['req', ...KEY, '-subj', `/CN=${name}`, '-keyout', key, '-out', request]);
    const by = ['-CA', this.ca, '-CAkey', this.#key, '-set_serial', serial, '-days', String(days)];
    await run('openssl', ['x509', '-req', '-in', request, ...by, '-extfile', extensions, '-out', cert]);
    return { key, cert };
  }
}
