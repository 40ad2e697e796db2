// Host names of sandboxes: below the sandbox domain each sandbox has a name, and so an origin, of its own.

/** What of a sandbox's id can be a DNS label (RFC 1035 §2.3.4). */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** How a request reached this node. */
export interface Approach {
  /** The request's `Host`. */
  readonly host: string | undefined;
  /** Whether the reader speaks https with us, or with the TLS terminator in front of us. */
  readonly isSecure: boolean;
}

export class SandboxDomain {
  readonly #name: string;
  readonly #port: string | undefined;
  readonly #below: RegExp;

  /** @param domain as configured: `name` or `name:port` */
  constructor(domain: string) {
    const [name = '', port] = domain.toLowerCase().split(':');
    this.#name = name;
    this.#port = port;
    // A name with a dot at its end is the same host, in a browser another origin; it is not the node's own either.
    this.#below = new RegExp(`^(.*)\\.${name.replaceAll('.', '\\.')}\\.?(?::\\d*)?$`, 'is');
  }

  /**
   * The part of a `Host` before the domain, in lower case: the id of the sandbox that the host is for, if there is one.
   * Undefined at any other host.
   */
  labelOf(host: string | undefined): string | undefined {
    return host === undefined ? undefined : this.#below.exec(host)?.[1]?.toLowerCase();
  }

  /** Whether a sandbox with this id can have a host name. */
  canName(id: string): boolean {
    return LABEL.test(id);
  }

  /** The origin of a sandbox, by the scheme (and the port, unless one is configured) that the reader used for us. */
  originOf(id: string, approach: Approach): string {
    return `${approach.isSecure ? 'https' : 'http'}://${id}.${this.#name}${this.#portFor(approach)}`;
  }

  /** The domain's own name, as origin; the node answers there where it has no front. */
  apexOf(approach: Approach): string {
    return `${approach.isSecure ? 'https' : 'http'}://${this.#name}${this.#portFor(approach)}`;
  }

  #portFor({ host }: Approach): string {
    const port = this.#port ?? /:(\d+)$/.exec(host ?? '')?.[1];
    return port === undefined ? '' : `:${port}`;
  }
}
