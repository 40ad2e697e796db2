// Runs an operator's command in a sandbox, and streams what it prints. It needs more than other orders: the control token, or
// without one a user of this host who could do the same by other means.
import type Router from '@koa/router';
import type { Context } from 'koa';
import { shortId } from '../../shared/clock.ts';
import { describeError, FleetError } from '../../shared/errors.ts';
import type { Operation } from '../../shared/http/openapi.ts';
import { askForBody } from '../../shared/http/read-body.ts';
import type { Logger } from '../../shared/logging.ts';
import {
  EXEC_TYPE,
  type ExecEnd,
  type ExecRequest,
  execRequestSchema,
  FRAME,
  frameOf,
} from '../../shared/protocol/exec.ts';
import { describeIssues } from '../../shared/protocol/wire.ts';
import { peerUserOf } from '../../shared/sockets/peer-user.ts';
import { allowStall } from '../../shared/sockets/stall.ts';
import type { ExecutingEngine } from '../engine/engine.ts';
import type { Execution } from '../engine/execution.ts';
import type { Pool } from '../pool/pool.ts';
import type { Sandbox } from '../sandboxes/table.ts';

export interface ExecRoutesOptions {
  readonly config: { readonly controlToken: string };
  readonly pool: Pool;
  readonly engine: Pick<ExecutingEngine, 'execute'>;
  /** Thaws a sandbox, and keeps it so until what this resolves to is called. */
  readonly hold: (id: string) => Promise<() => void>;
  readonly logger: Logger;
}

/** Of the whole node: each holds a connection, and processes. */
const MOST = 16;
/** Of the line of JSON before what the command reads. */
const MAX_LINE_BYTES = 64 * 1024;
/** Longest time in which nothing is read and nothing is printed. ms */
const IDLE_MS = 3_600_000;

export const EXEC_PATH = '/api/sandboxes/:id/exec';

/** @param find @throws FleetError `not-found` */
export function addExecRoute(
  router: Router,
  options: ExecRoutesOptions,
  find: (id: string | undefined) => Sandbox,
): void {
  let running = 0;
  router.post(EXEC_PATH, async (context) => {
    await refuseStrangers(context, options.config);
    const { id, token } = find(context.params.id);
    if (running >= MOST) throw new FleetError('unavailable', `${MOST} commands run in sandboxes already`);
    running += 1;
    let letGo = (): void => undefined;
    const end = (): void => {
      running -= 1;
      letGo();
    };
    try {
      const { request, rest } = await readRequest(context);
      letGo = await options.hold(id);
      const execution = await options.engine.execute({ id, token, ...request });
      stream(context, { execution, rest, sandbox: id, logger: options.logger }).finally(end);
    } catch (error) {
      end();
      throw error;
    }
  });
}

/** On loopback without a token every user of the host reaches this listener; a command would give them what readers do there. */
export async function refuseStrangers(
  context: Context,
  { controlToken }: ExecRoutesOptions['config'],
  what = 'run commands in',
): Promise<void> {
  if (controlToken !== '') return;
  const user = await peerUserOf(context.req.socket);
  if (user !== undefined && (user === 0 || user === process.getuid?.())) return;
  throw new FleetError(
    'forbidden',
    `without a control token, only root and the user of the node-agent may ${what} sandboxes`,
    { remedy: 'set TMPFLEET_CONTROL_TOKEN or --control-token-file at the node-agent, and give it here' },
  );
}

interface Read {
  readonly request: ExecRequest;
  /** What came of the command's input with the first line. */
  readonly rest: Buffer;
}

/** @throws FleetError `bad-request`, `body-too-large` */
async function readRequest(context: Context): Promise<Read> {
  const { req, res } = context;
  askForBody(req, res);
  let all: Buffer = Buffer.alloc(0);
  let end = -1;
  while (end < 0) {
    const chunk: unknown = req.read() ?? (await moreOf(req));
    if (!Buffer.isBuffer(chunk)) break;
    all = Buffer.concat([all, chunk]);
    end = all.indexOf('\n');
    if (end < 0 && all.length > MAX_LINE_BYTES)
      throw new FleetError(
        'body-too-large',
        `the first line of the body is longer than ${MAX_LINE_BYTES} bytes`,
      );
  }
  const line = all.subarray(0, end < 0 ? all.length : end).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new FleetError('bad-request', 'the first line of the body is not JSON', { cause });
  }
  // For the audit trail.
  context.state.json = value;
  const parsed = execRequestSchema.safeParse(value);
  if (!parsed.success) {
    throw new FleetError('bad-request', describeIssues(parsed.error, value), {
      remedy: 'send something like {"command":["ls","-l"]}',
    });
  }
  return { request: parsed.data, rest: end < 0 ? Buffer.alloc(0) : all.subarray(end + 1) };
}

/** @returns undefined once there is something to read, null at the end */
function moreOf(req: Context['req']): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      req.off('readable', settle).off('end', settle).off('error', fail);
      const chunk: unknown = req.read();
      resolve(Buffer.isBuffer(chunk) ? chunk : null);
    };
    const fail = (error: Error): void => {
      req.off('readable', settle).off('end', settle);
      reject(error);
    };
    if (req.readableEnded || req.destroyed) resolve(null);
    else req.once('readable', settle).once('end', settle).once('error', fail);
  });
}

interface Running {
  readonly execution: Execution;
  readonly rest: Buffer;
  readonly sandbox: string;
  readonly logger: Logger;
}

/** Takes the response over. Resolves when the command has ended, or its caller has gone. */
async function stream(context: Context, { execution, rest, sandbox, logger }: Running): Promise<void> {
  const { req, res } = context;
  context.respond = false;
  allowStall(req, IDLE_MS);
  res.writeHead(200, { 'content-type': EXEC_TYPE, 'cache-control': 'no-store' });
  res.flushHeaders();
  const began = performance.now();
  const about = { sandbox: shortId(sandbox) };
  logger.info(about, 'an operator runs a command in a sandbox');
  const { input, output } = execution;
  if (input === undefined) req.resume();
  else {
    input.on('error', () => undefined);
    if (rest.length > 0) input.write(rest);
    req.pipe(input);
  }
  const gone = new Promise<'gone'>((resolve) => {
    // Who left while the command was being started says so no second time.
    if (res.destroyed || req.socket.destroyed) resolve('gone');
    else res.once('close', () => resolve('gone'));
  });
  const over = new Promise<'over'>((resolve, reject) => {
    output
      .once('end', () => resolve('over'))
      .once('close', () => resolve('over'))
      .once('error', reject);
  });
  over.catch(() => undefined);
  // Waits with the command where the caller is slow.
  output.pipe(res, { end: false });
  const end: ExecEnd = { exit_code: null };
  try {
    if ((await Promise.race([over, gone])) === 'over') {
      end.exit_code = (await execution.exitCode()) ?? null;
    }
  } catch (error) {
    end.problem = describeError(error).slice(0, 1_000);
  }
  const code = end.exit_code;
  if (!res.destroyed && !res.writableEnded) res.end(frameOf(FRAME.end, Buffer.from(JSON.stringify(end))));
  const ms = Math.round(performance.now() - began);
  logger.info(
    { ...about, code, ms, bytes: res.socket?.bytesWritten },
    "an operator's command in a sandbox has ended",
  );
  if (code !== null) return;
  await execution.end().catch((error: unknown) => {
    logger.warn({ ...about, error: describeError(error) }, "an operator's command could not be ended");
  });
}

export const EXEC: Operation = {
  ...{
    method: 'post',
    path: '/api/sandboxes/{id}/exec',
    summary: 'Runs a command in a sandbox',
    token: 'control',
  },
  description:
    'The body is this JSON on one line, and after it what the command reads. The answer is a stream of frames: a byte for the kind (1 stdout, 2 stderr, 3 the end, with `exit_code` as JSON), three zeros, the length as 32 bits, and the content. It comes while the command runs; closing the connection ends the command. Without a control token only root and the user of the node-agent may do this.',
  body: execRequestSchema,
  answers: { 200: { description: 'frames, until the command ends', type: EXEC_TYPE } },
  refuses: [
    ...(['bad-request', 'body-too-large', 'forbidden', 'not-found', 'conflict', 'unavailable'] as const),
    ...(['engine-unavailable', 'engine-timeout'] as const),
  ],
};
