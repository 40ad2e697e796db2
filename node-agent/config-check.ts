// Checks what no single option can: options that depend on each other, and on where the node listens.

import { arrivalsLogProblems } from '../shared/arrivals-log.ts';
import { brandProblems } from '../shared/brand/read-brand.ts';
import { throwIfAny } from '../shared/config/load.ts';
import { formatBytes, formatDuration, spellCount } from '../shared/config/units.ts';
import { controlListenerProblems } from '../shared/http/control-guard.ts';
import { isLoopback } from '../shared/http/serving.ts';
import { clientAddressProblems } from '../shared/limits/client-address.ts';
import { nodeKeyProblem } from '../shared/protocol/node-key.ts';
import { tlsProblems } from '../shared/tls/options.ts';
import { tracingProblems } from '../shared/tracing/options.ts';
import { type NodeAgentConfig, nodeAgentOptions } from './config.ts';
import { containerOptionsProblems } from './engine/docker/container-options/read.ts';
import { registryAuthProblems } from './engine/docker/image/registry-auth.ts';
import { parseUserIds } from './engine/docker/user-id-range.ts';
import { primeProblems } from './engine/prime-options.ts';
import { SCRATCHPAD } from './engine/scratchpad/command.ts';

const LEAST_STATIC_CACHE_BYTES = 1024 ** 2;

/**
 * @throws FleetError `bad-config` that lists every problem
 */
export function checkNodeAgentConfig(config: NodeAgentConfig): void {
  const { capacity, warm, warmMax } = config;
  const problems = [
    ...controlListenerProblems(config),
    ...clientAddressProblems(config),
    ...brandProblems(config),
    ...tlsProblems(config),
    ...tracingProblems(config),
    ...arrivalsLogProblems(config),
    ...containerOptionsProblems(config),
    ...primeProblems(config),
    ...registryAuthProblems(config),
  ];
  if (config.requireTicket && config.secret === '' && config.nodeKey === '') {
    problems.push('require-ticket: needs the key of this node; set TMPFLEET_NODE_KEY or --node-key-file');
  }
  const keyProblem = config.nodeKey === '' ? undefined : nodeKeyProblem(config.nodeKey, config.nodeId);
  if (keyProblem !== undefined) problems.push(keyProblem);
  if (config.secret !== '' && config.nodeKey !== '') {
    problems.push(
      `node-key: the secret of the fleet is set too; remove that (TMPFLEET_SECRET, --secret-file) from this node`,
    );
  }
  if (config.openUrls && config.sandboxDomain !== '') {
    problems.push(
      'open-urls: cannot be used with --sandbox-domain, with which a link can hand a sandbox over safely',
    );
  }
  if (Number.isFinite(warm) && warm > capacity) {
    problems.push(`warm: ${warm} is more than the capacity, which is ${capacity}`);
  }
  if (config.warmFollow && warm === Number.POSITIVE_INFINITY) {
    problems.push(
      'warm-follow: has no effect while --warm is all; give --warm the smallest number to keep ready',
    );
  }
  if (config.warmFollow && warmMax < warm) {
    problems.push(`warm-max: ${warmMax} is less than --warm, which is ${warm}`);
  }
  for (const { count } of config.book) {
    if (count > capacity) problems.push(`book: ${count} is more than the capacity, which is ${capacity}`);
  }
  if (config.idleMs > 0 && config.freezeAfterMs >= config.idleMs) {
    problems.push(
      `freeze-after: ${formatDuration(config.freezeAfterMs)} is not less than --idle, after which a sandbox ends`,
    );
  }
  if (config.staticCacheBytes > 0 && config.staticCacheBytes < LEAST_STATIC_CACHE_BYTES) {
    problems.push(
      `static-cache: ${formatBytes(config.staticCacheBytes)} holds hardly a file; expected at least 1m, or 0 for none`,
    );
  }
  const userIds = parseUserIds(config.uidRange)?.count ?? Number.POSITIVE_INFINITY;
  if (userIds < capacity) {
    problems.push(
      `uid-range: ${config.uidRange} has ${spellCount(userIds, 'id')} for a capacity of ${spellCount(capacity, 'sandbox')}`,
    );
  }
  if (config.stripPrefix && config.command === '') {
    problems.push(
      'strip-prefix: needs --command; the Jupyter server of the default command knows its base path',
    );
  }
  if (config.stripPrefix && config.command.includes('{base_path}')) {
    problems.push(
      'strip-prefix: --command has {base_path}, so its program knows its base path; leave one of them away',
    );
  }
  if (config.stripPrefix && config.prime.length > 0) {
    problems.push('prime: cannot be used with --strip-prefix, which is for programs other than Jupyter');
  }
  problems.push(...scratchpadProblems(config));
  if (config.engine === 'local' && config.containerOptions !== '') {
    problems.push(
      'container-options: needs --engine docker; sandboxes of the local engine are no containers',
    );
  }
  if (config.engine === 'local') problems.push(...problemsOfLocalListener(config));
  throwIfAny(problems);
}

/** The built-in program needs the local engine, and knows its base path. */
function scratchpadProblems(config: NodeAgentConfig): readonly string[] {
  if (config.command !== SCRATCHPAD) return [];
  const needsDocker =
    config.engine === 'docker' ||
    config.containerOptions !== '' ||
    config.image !== nodeAgentOptions.image.default;
  return [
    ...(needsDocker
      ? [
          'command: scratchpad is a program of the local engine; leave away what is for Docker (--engine docker, --image, --container-options)',
        ]
      : []),
    ...(config.stripPrefix ? ['strip-prefix: the scratchpad knows its base path'] : []),
    ...(config.prime.length > 0 ? ['prime: needs Jupyter, and --command is the scratchpad'] : []),
  ];
}

type LocalListener = Pick<NodeAgentConfig, 'host' | 'unsafeListen'>;

/**
 * The local engine isolates nothing, so only this host may reach it, unless `--unsafe-listen` is given.
 * @param whyNotDocker why the local engine was chosen, if it was not configured
 * @throws FleetError `bad-config`
 */
export function checkLocalListens(config: LocalListener, whyNotDocker?: string): void {
  throwIfAny(problemsOfLocalListener(config, whyNotDocker));
}

function problemsOfLocalListener(
  { host, unsafeListen }: LocalListener,
  whyNotDocker?: string,
): readonly string[] {
  if (isLoopback(host) || unsafeListen) return [];
  const consequence =
    `the local engine does not isolate sandboxes, so it does not listen on ${host}, where others could run programs as ` +
    'you; use --host 127.0.0.1, or --unsafe-listen if every machine that reaches it is trusted';
  return [
    whyNotDocker === undefined
      ? `host: ${consequence}, or --engine docker`
      : `${whyNotDocker}. Start Docker, or give --engine docker to wait for it. Without Docker, ${consequence}`,
  ];
}
