// The certificate that our listeners show. Its files are read again and again, because a renewal may replace them in any way:
// in place, by a new file, by a symbolic link, or by a link to the directory (certbot, Kubernetes). Watching for events of the
// file system would miss some of these.
import { type Clock, systemClock, systemRandom } from '../clock.ts';
import { FleetError } from '../errors.ts';
import type { Logger } from '../logging.ts';
import { type Loop, startLoop } from '../loop.ts';
import type { Runtime } from '../runtime.ts';
import { speaksTls, type TlsConfig } from './options.ts';
import { type Pair, type ReadPair, readPair, readPairLater } from './pair.ts';

const LOOK_MS = 5_000;
const DAY_MS = 86_400_000;
/** A working automatic renewal has happened this long before the end. */
export const RENEWAL_DAYS = 14;

export interface CertificateConfig extends TlsConfig {
  /** Each sandbox has a host name below this one, and the certificate should be good for them; empty for none. */
  readonly sandboxDomain?: string;
}

export class ServerCertificate {
  readonly #config: CertificateConfig;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #logger: Logger;
  readonly #listeners: ((pair: Pair) => void)[] = [];
  readonly #loop: Loop;
  #pair: Pair;
  /** What was wrong with the files at the last look, and whether that was said. */
  #wrong = { problem: '', said: false };

  /** @throws FleetError `bad-config` */
  private constructor(config: CertificateConfig, runtime: Runtime, lookMs: number) {
    this.#config = config;
    const { logger, clock = systemClock, random = systemRandom } = runtime;
    this.#clock = clock;
    this.#logger = logger;
    this.#pair = orThrow(readPair(config));
    this.#log(this.#pair, 'TLS certificate');
    this.#loop = startLoop(async () => this.#look(await readPairLater(config)), {
      ...{ interval: () => lookMs, jitter: 0, random, logger },
      what: 'looking for a new TLS certificate',
    });
  }

  /**
   * The certificate of a program, which looks at the files at each reload, too.
   * @returns undefined where none is configured
   * @param lookMs time between two looks at the files
   * @throws FleetError `bad-config`
   */
  static open(config: CertificateConfig, runtime: Runtime, lookMs = LOOK_MS): ServerCertificate | undefined {
    if (!speaksTls(config)) return undefined;
    const certificate = new ServerCertificate(config, runtime, lookMs);
    runtime.reloader?.watch(() => certificate.readAgain());
    return certificate;
  }

  get pair(): Pair {
    return this.#pair;
  }

  /** Has something done with each new certificate. */
  watch(listener: (pair: Pair) => void): void {
    this.#listeners.push(listener);
  }

  /** Reads the files at once, and takes what they hold. */
  readAgain(): void {
    const read = readPair(this.#config);
    this.#wrong = { problem: 'problem' in read ? read.problem : '', said: false };
    this.#look(read);
  }

  close(): Promise<void> {
    return this.#loop.stop();
  }

  #look(read: ReadPair): void {
    if ('problem' in read) {
      this.#complain(read.problem);
      return;
    }
    this.#wrong = { problem: '', said: false };
    const { cert, key } = this.#pair;
    if (read.pair.cert === cert && read.pair.key === key) return;
    this.#pair = read.pair;
    for (const listener of this.#listeners) listener(read.pair);
    this.#log(read.pair, 'new TLS certificate: connections from now on get it');
  }

  /** Only what stays wrong until the next look: a renewal may be between its two files. */
  #complain(problem: string): void {
    const isSame = problem === this.#wrong.problem;
    if (isSame && !this.#wrong.said) {
      this.#logger.error(
        { problem, goodUntil: dateOf(this.#pair.notAfter) },
        'the TLS certificate or its key has changed and cannot be used, so the one from before stays in use; mend the files, and they are taken within seconds',
      );
    }
    this.#wrong = { problem, said: isSame };
  }

  #log({ leaf, notAfter }: Pair, message: string): void {
    const { sandboxDomain = '' } = this.#config;
    const logger = this.#logger;
    const days = Math.floor((notAfter - this.#clock.now()) / DAY_MS);
    const about = { names: leaf.subjectAltName ?? leaf.subject, goodUntil: dateOf(notAfter), days };
    if (days < 0)
      logger.error(
        about,
        `${message}; it has expired, and browsers refuse it: renew it, and replace the files`,
      );
    else if (days < RENEWAL_DAYS) logger.warn(about, `${message}; it ends soon: does its renewal work?`);
    else logger.info(about, message);
    const problem = sandboxDomain === '' ? undefined : nameProblem(leaf, sandboxDomain);
    if (problem !== undefined) logger.warn(`${problem}, so browsers refuse the addresses of sandboxes`);
  }
}

/** Says that a certificate is not good for the names of sandboxes below a domain. */
export function nameProblem(leaf: Pair['leaf'], domain: string): string | undefined {
  const name = `sandbox.${domain.replace(/:\d+$/, '')}`;
  return leaf.checkHost(name) === undefined
    ? `the TLS certificate is not for *.${name.slice('sandbox.'.length)} (it is for ${leaf.subjectAltName ?? leaf.subject})`
    : undefined;
}

function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

function orThrow(read: ReadPair): Pair {
  if ('problem' in read) throw new FleetError('bad-config', read.problem);
  return read.pair;
}
