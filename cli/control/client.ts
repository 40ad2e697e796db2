// Sends requests to a control listener; every error names the place, the cause and the remedy.
import { hostname } from 'node:os';
import type { Readable } from 'node:stream';
import { request } from 'undici';
import { z } from 'zod';
import { errorSchema } from '../../shared/api/error.ts';
import { type NodeFinding, nodeFindingSchema } from '../../shared/api/finding.ts';
import { describeError, FleetError } from '../../shared/errors.ts';
import { explainUnreachable, type Listener } from '../../shared/http/network-errors.ts';
import { readText } from '../../shared/http/read-body.ts';
import { parseJson } from '../../shared/protocol/wire.ts';
import { CommandError, EXIT, type ExitCode } from '../terminal/exit.ts';
import { printable } from '../terminal/text.ts';

export type Who = 'front' | 'node';

export interface ControlClientOptions {
  readonly who: Who;
  /** Of the control listener. */
  readonly url: string;
  readonly token: string;
  /** Where the token is from; undefined when none was given. */
  readonly tokenOrigin: string | undefined;
}

export interface ControlRequest<T> {
  readonly path: string;
  readonly schema: z.ZodType<T>;
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly body?: object;
  /** ms */
  readonly timeout?: number;
}

export interface StreamedAnswer {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable;
}

const controlErrorSchema = errorSchema.extend({ findings: z.array(nodeFindingSchema).optional() });
type ControlError = z.infer<typeof controlErrorSchema>;

/** An error that the control API answered with; with what the front found out about a node that it was to add. */
export class ControlRefusal extends CommandError {
  readonly findings: readonly NodeFinding[];

  constructor({ code, message, remedy, findings }: ControlError) {
    super(EXIT.refused, code, printable(message), remedy === undefined ? {} : { remedy: printable(remedy) });
    this.findings = findings ?? [];
  }
}

const TIMEOUT_MS = 15_000;
/** A fleet of ten thousand nodes takes about 10 MB. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

interface Stranger {
  readonly cause?: unknown;
  readonly exit?: ExitCode;
}

interface Words {
  readonly listener: Listener;
  readonly flag: string;
  readonly env: string;
}

const WORDS: Readonly<Record<Who, Words>> = {
  front: {
    listener: { program: 'redirector', options: '--control-host, --control-port' },
    ...{ flag: '--front', env: 'TMPFLEET_FRONT' },
  },
  node: {
    listener: { program: 'node-agent', options: '--control-host, --control-port' },
    ...{ flag: '--node', env: 'TMPFLEET_NODE' },
  },
};

export class ControlClient {
  readonly url: string;
  readonly #options: ControlClientOptions;

  constructor(options: ControlClientOptions) {
    this.#options = options;
    this.url = options.url;
  }

  /** @throws CommandError `unreachable` or `refused`, or `failed` for an answer that no control listener gives */
  async send<T>({ path, schema, method = 'GET', body, timeout = TIMEOUT_MS }: ControlRequest<T>): Promise<T> {
    const { status, text } = await exchange(`${this.url}${path}`, {
      method,
      headers: {
        ...this.#headers(),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      signal: AbortSignal.timeout(timeout),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((cause: unknown) => {
      throw cause instanceof FleetError ? this.#stranger(cause.message, { cause }) : this.#unreachable(cause);
    });
    if (status < 200 || status >= 300) throw this.#refusal(status, text, path);
    try {
      return parseJson(text, schema, `the answer of ${this.url}`);
    } catch (cause) {
      throw this.#stranger(describeError(cause), { cause });
    }
  }

  /**
   * Sends a body as it comes, and returns the answer as it comes, which may begin before the body has ended.
   * @throws CommandError as `send`
   */
  async stream(path: string, body: Readable | string, headersTimeout = TIMEOUT_MS): Promise<StreamedAnswer> {
    const answer = await request(`${this.url}${path}`, {
      ...{ method: 'POST', body, headers: this.#headers() },
      // Nothing may be said for long.
      ...{ headersTimeout, bodyTimeout: 0 },
    }).catch((cause: unknown) => {
      throw this.#unreachable(cause);
    });
    if (answer.statusCode === 200) return { headers: answer.headers, body: answer.body };
    const text = await readText(answer.body, { bytes: MAX_ANSWER_BYTES, what: `the answer of ${this.url}` });
    throw this.#refusal(answer.statusCode, text, path);
  }

  #headers(): Readonly<Record<string, string>> {
    const { token } = this.#options;
    return { 'tmpfleet-actor': whoAmI(), ...(token === '' ? {} : { authorization: `Bearer ${token}` }) };
  }

  #refusal(status: number, text: string, path: string): CommandError {
    const error = readControlError(text);
    if (status === 401) return this.#unauthorized();
    if (error === undefined) {
      return this.#stranger(`${this.url} answers ${status} to ${path}, so it is no control listener`);
    }
    return error.code === 'no-such-path'
      ? this.#stranger(`${this.url}: ${printable(error.message)}`, { exit: EXIT.refused })
      : new ControlRefusal(error);
  }

  #unauthorized(): CommandError {
    const { who, tokenOrigin } = this.#options;
    const given =
      tokenOrigin === undefined
        ? 'requires a token, and none was given'
        : `refuses the token of ${tokenOrigin}`;
    return new CommandError(EXIT.refused, 'unauthorized', `${this.url} ${given}`, {
      remedy: `give the control token of that ${WORDS[who].listener.program} with --control-token-file or TMPFLEET_CONTROL_TOKEN`,
    });
  }

  /** The server at this address is not the expected control listener. */
  #stranger(message: string, { cause, exit = EXIT.failed }: Stranger = {}): CommandError {
    const { listener, flag, env } = WORDS[this.#options.who];
    const remedy =
      `is that the control listener (not the public address) of a ${listener.program} of this version? ` +
      `Name it with ${flag} or ${env}`;
    return new CommandError(exit, 'bad-report', message, { remedy, cause });
  }

  #unreachable(cause: unknown): CommandError {
    const { who } = this.#options;
    const { listener, flag, env } = WORDS[who];
    const { message, remedy } = explainUnreachable(cause, this.url, listener);
    return new CommandError(
      EXIT.unreachable,
      'unavailable',
      // `message` names the host: one line of a terminal must hold the reason too.
      `the ${who} cannot be reached: ${message}`,
      { cause, remedy: `${remedy} Name another with ${flag} or ${env}` },
    );
  }
}

/** Follows no redirects. @throws FleetError `bad-report` for a body that is too long, else what the connection failed with */
async function exchange(url: string, options: Parameters<typeof request>[1]) {
  const answer = await request(url, options);
  const text = await readText(answer.body, { bytes: MAX_ANSWER_BYTES, what: `the answer of ${url}` });
  return { status: answer.statusCode, text };
}

/** For the front's audit trail: `ada@bastion`. */
function whoAmI(): string {
  const { SUDO_USER, USER } = process.env;
  // A header bears ASCII only.
  return `${SUDO_USER ?? USER ?? process.getuid?.() ?? ''}@${hostname()}`.replaceAll(/[^\x21-\x7e]/g, '?');
}

function readControlError(text: string): ControlError | undefined {
  try {
    return controlErrorSchema.safeParse(JSON.parse(text)).data;
  } catch {
    // Not JSON: not an answer of ours.
    return undefined;
  }
}
