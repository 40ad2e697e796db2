// Asks a control listener, and turns whatever goes wrong into words: where, why, and what to do.
import { hostname } from 'node:os';
import got, { type Method, RequestError } from 'got';
import type { z } from 'zod';
import { describeError, errorCode } from '../../shared/errors.ts';
import { parseJson } from '../../shared/protocol/wire.ts';
import { CommandError, EXIT } from '../terminal/exit.ts';
import { printable } from '../terminal/text.ts';
import { type Finding, refusalSchema } from './answers.ts';

export type Who = 'front' | 'node';

export interface ControlClientOptions {
  readonly who: Who;
  /** Of the control listener. */
  readonly url: string;
  readonly token: string;
  /** Where the token is from; undefined when none was given. */
  readonly tokenOrigin: string | undefined;
}

export interface Question<T> {
  readonly path: string;
  readonly schema: z.ZodType<T>;
  readonly method?: Method;
  readonly body?: object;
  /** ms */
  readonly patience?: number;
}

/** A refusal, with what the front found out about a node that it was to add. */
export class Refusal extends CommandError {
  readonly findings: readonly Finding[];

  constructor(body: z.infer<typeof refusalSchema>) {
    const said = printable(body.message);
    const remedy = body.remedy === undefined ? {} : { remedy: printable(body.remedy) };
    super(EXIT.refused, body.code, said, remedy);
    this.findings = body.findings ?? [];
  }
}

const PATIENCE_MS = 15_000;

const WORDS: Readonly<
  Record<Who, { readonly program: string; readonly flag: string; readonly env: string }>
> = {
  front: { program: 'redirector', flag: '--front', env: 'TMPFLEET_FRONT' },
  node: { program: 'node-agent', flag: '--node', env: 'TMPFLEET_NODE' },
};

export class ControlClient {
  readonly url: string;
  readonly #options: ControlClientOptions;

  constructor(options: ControlClientOptions) {
    this.#options = options;
    this.url = options.url;
  }

  /** @throws CommandError `unreachable` or `refused`, or `failed` for an answer that is none of a control listener */
  async ask<T>(question: Question<T>): Promise<T> {
    const { who } = this.#options;
    const text = await this.text(question);
    try {
      return parseJson(text, question.schema, `the answer of ${this.url}`);
    } catch (cause) {
      throw new CommandError(EXIT.failed, 'bad-report', `${describeError(cause)}`, {
        cause,
        remedy: `is that the control listener of a ${WORDS[who].program} of this version?`,
      });
    }
  }

  /** The answer's body, whatever it is. */
  async text({ path, method = 'GET', body, patience = PATIENCE_MS }: Omit<Question<unknown>, 'schema'>) {
    const { token } = this.#options;
    const answer = await got(`${this.url}${path}`, {
      method,
      ...(body === undefined ? {} : { json: body }),
      headers: { 'tmpfleet-actor': whoAmI(), ...(token === '' ? {} : { authorization: `Bearer ${token}` }) },
      throwHttpErrors: false,
      followRedirect: false,
      retry: { limit: 0 },
      timeout: { request: patience },
    }).catch((cause: unknown) => {
      throw this.#unreachable(cause, patience);
    });
    // Not `ok`: where redirects are not followed, got calls them that too.
    if (answer.statusCode >= 200 && answer.statusCode < 300) return answer.body;
    throw this.#refusal(answer.statusCode, answer.body, path);
  }

  #refusal(status: number, text: string, path: string): CommandError {
    const { who } = this.#options;
    const { program, flag, env } = WORDS[who];
    const body = readRefusal(text);
    if (status === 401) return this.#unauthorized();
    if (body === undefined || (status >= 300 && status < 400)) {
      return new CommandError(
        EXIT.failed,
        'bad-report',
        `${this.url} answers ${status} to ${path}, which is not what a control listener does`,
        {
          remedy: `name the control listener of the ${program} (not its public address) with ${flag} or ${env}`,
        },
      );
    }
    if (body.code === 'no-such-path') {
      const remedy = `is that the control listener of a ${program} of this version? Name it with ${flag} or ${env}`;
      return new CommandError(EXIT.refused, 'bad-report', `${this.url}: ${printable(body.message)}`, {
        remedy,
      });
    }
    return new Refusal(body);
  }

  #unauthorized(): CommandError {
    const { who, tokenOrigin } = this.#options;
    const given =
      tokenOrigin === undefined
        ? 'asks for a token, and none was given'
        : `refuses the token of ${tokenOrigin}`;
    return new CommandError(EXIT.refused, 'unauthorized', `${this.url} ${given}`, {
      remedy: `give the control token of that ${WORDS[who].program} with --token-file or TMPFLEET_CONTROL_TOKEN`,
    });
  }

  #unreachable(cause: unknown, patience: number): unknown {
    if (!(cause instanceof RequestError)) return cause;
    const { who } = this.#options;
    const { program, flag, env } = WORDS[who];
    const why = REASONS[errorCode(cause) ?? ''] ?? describeError(cause);
    const shown = why === SLOW ? `${SLOW} within ${patience / 1000} s` : why;
    return new CommandError(
      EXIT.unreachable,
      'unavailable',
      `the ${who} at ${this.url} cannot be reached: ${shown}`,
      {
        cause,
        remedy: `is the ${program} running there, with that --control-port? Name another with ${flag} or ${env}`,
      },
    );
  }
}

/** For the front's audit trail: `ada@bastion`. */
function whoAmI(): string {
  const { SUDO_USER, USER } = process.env;
  // A header bears ASCII only.
  return `${SUDO_USER ?? USER ?? process.getuid?.() ?? ''}@${hostname()}`.replaceAll(/[^\x21-\x7e]/g, '?');
}

const SLOW = 'it did not answer';
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'its name could not be looked up',
  EHOSTUNREACH: 'no way leads to that host',
  ENETUNREACH: 'no way leads to that network',
  ECONNRESET: 'it closed the connection',
  ETIMEDOUT: SLOW,
};

function readRefusal(text: string): z.infer<typeof refusalSchema> | undefined {
  try {
    return refusalSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
