// Starts temporary sandboxes on a network like the node's, and tries from inside every connection that must be blocked.

import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import type Dockerode from 'dockerode';
import { z } from 'zod';
import { check, type Finding, type Verdict } from '../../shared/checkup/checkup.ts';
import { newNonce, newSandboxId } from '../../shared/clock.ts';
import { describeError } from '../../shared/errors.ts';
import { callDocker } from '../engine/docker/connection.ts';
import { bridgeName, containerName, networkName } from '../engine/docker/names.ts';
import { firewallCommand } from '../engine/docker/network/firewall.ts';
import type { Address, Engine } from '../engine/engine.ts';
import { awaitAnswer, type ProbePlace } from '../engine/readiness.ts';
import { checkPriming, type PrimingCheck } from './priming.ts';

export interface IsolationOptions {
  readonly docker: Dockerode;
  /** An engine with the node's own configuration, under another node id. */
  readonly engineFor: (nodeId: string) => Engine;
  /** Id of the node itself, for the remedy. */
  readonly nodeId: string;
  readonly config: PrimingCheck['config'] & ProbePlace;
}

const EXEC_MS = 20_000;
const INTERNET = { host: '1.1.1.1', port: 443 };
const METADATA = { host: '169.254.169.254', port: 80 };

interface Sandbox {
  readonly id: string;
  readonly token: string;
  readonly address: Address;
}

export async function checkIsolation(options: IsolationOptions): Promise<readonly Finding[]> {
  const nodeId = `doctor-${newNonce().replaceAll('_', '-')}`;
  const engine = options.engineFor(nodeId);
  const findings: Finding[] = [];
  try {
    let pair: readonly Sandbox[] = [];
    findings.push(
      await check('sandbox', async () => {
        await engine.open(() => undefined);
        const began = performance.now();
        pair = [await startSandbox(engine, options), await startSandbox(engine, options)];
        return { detail: `two started and answer, in ${((performance.now() - began) / 1000).toFixed(1)} s` };
      }),
    );
    const [one, other] = pair;
    if (one !== undefined && other !== undefined) {
      findings.push(await tryFrom({ ...options, from: one, nodeId, peer: other.address }));
      const container = options.docker.getContainer(containerName(nodeId, other.id));
      findings.push(...(await checkPriming({ ...options, container, sandbox: other })));
    }
  } finally {
    await engine.close({ purge: true }).catch((error: unknown) => {
      findings.push({
        check: 'sandbox',
        level: 'warn',
        detail: `not all was removed: ${describeError(error)}`,
      });
    });
  }
  return findings;
}

async function startSandbox(engine: Engine, { config }: IsolationOptions): Promise<Sandbox> {
  const spec = { id: newSandboxId(), token: newSandboxId() };
  const sandbox = { ...spec, address: await engine.start(spec) };
  await awaitAnswer(sandbox, config, AbortSignal.timeout(config.startTimeoutMs));
  return sandbox;
}

interface Attempt extends IsolationOptions {
  readonly from: Sandbox;
  readonly peer: Address;
}

/** While the probe runs, this host can be reached: a listener of ours is open on all its addresses. */
async function tryFrom(attempt: Attempt & { readonly nodeId: string }): Promise<Finding> {
  const { docker, from, peer, nodeId } = attempt;
  const listener = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => listener.listen(0, '0.0.0.0', resolve));
  const { port } = listener.address() as AddressInfo;
  try {
    return await check('isolation', async () => {
      const gateway = await gatewayOf(docker, nodeId);
      const targets = {
        "this host's ports": { host: gateway, port },
        'a peer': peer,
        'the internet': INTERNET,
        'the metadata service': METADATA,
      };
      const container = docker.getContainer(containerName(nodeId, from.id));
      const tried = await Promise.all(
        Object.entries(targets).map(async ([name, to]) => ({ name, came: await connects(container, to) })),
      );
      return judge(tried, bridgeName(attempt.nodeId));
    });
  } finally {
    listener.close();
  }
}

interface Tried {
  readonly name: string;
  readonly came: Outcome;
}

function judge(tried: readonly Tried[], bridge: string): Verdict {
  const named = (outcome: Outcome): string =>
    tried
      .filter(({ came }) => came === outcome)
      .map(({ name }) => name)
      .join(', ');
  const reached = named('connected');
  if (reached !== '') {
    const remedy = reached.includes('host')
      ? `run the agent as root on the host, or type: ${firewallCommand(bridge)}`
      : 'is another Docker Engine at work here, or was its firewall flushed? restart Docker and try again';
    return { level: 'fail', detail: `a sandbox reaches ${reached}`, remedy };
  }
  if (tried.some(({ came }) => came === 'untried')) {
    const remedy = 'add python3, node, bash or nc to the image';
    return { level: 'warn', detail: 'not tried: the image has nothing to connect with', remedy };
  }
  return { detail: `a sandbox reaches none of: ${named('refused')}` };
}

type Outcome = 'connected' | 'refused' | 'untried';

/** Connects with a program that the image has. The shell exits with 97 when it finds none. */
const CONNECT = `
if command -v python3 >/dev/null; then exec python3 -c 'import socket,sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)' "$1" "$2"
elif command -v node >/dev/null; then exec node -e 'const [h,p]=process.argv.slice(1); const s=require("net").connect(+p,h,()=>process.exit(0)); s.on("error",()=>process.exit(1)); setTimeout(()=>process.exit(1),3000)' "$1" "$2"
elif command -v bash >/dev/null && command -v timeout >/dev/null; then exec timeout 3 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2"
elif command -v nc >/dev/null; then exec nc -w 3 "$1" "$2" </dev/null
else exit 97; fi`;

async function connects(container: Dockerode.Container, { host, port }: Address): Promise<Outcome> {
  const call = { what: 'try a connection from inside a sandbox', deadlineMs: EXEC_MS };
  const exitCode = await callDocker(call, async (abortSignal) => {
    const exec = await container.exec({
      Cmd: ['/bin/sh', '-c', CONNECT, 'sh', host, String(port)],
      AttachStdout: true,
      AttachStderr: true,
      abortSignal,
    });
    const stream = await exec.start({ abortSignal });
    stream.resume();
    await new Promise<void>((resolve, reject) => stream.once('end', resolve).once('error', reject));
    return (await exec.inspect()).ExitCode;
  });
  if (exitCode === 0) return 'connected';
  return exitCode === 97 || exitCode === 126 || exitCode === 127 ? 'untried' : 'refused';
}

const networkSchema = z.object({
  IPAM: z.object({ Config: z.array(z.object({ Gateway: z.string() })).min(1) }),
});

async function gatewayOf(docker: Dockerode, nodeId: string): Promise<string> {
  const found = await callDocker({ what: 'inspect the network', deadlineMs: EXEC_MS }, () =>
    docker.getNetwork(networkName(nodeId)).inspect(),
  );
  // A network's gateway may carry its prefix length.
  return networkSchema.parse(found).IPAM.Config[0]?.Gateway.replace(/\/.*$/, '') ?? '';
}
