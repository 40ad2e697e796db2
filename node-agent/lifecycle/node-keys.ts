// The keys of this node: from its node key, or from the fleet's secret where an earlier configuration gives it that.

import { parseSecrets } from '../../shared/config/common.ts';
import type { Logger } from '../../shared/logging.ts';
import { FleetKeys, LiveNodeKeys, type NodeKeys } from '../../shared/protocol/fleet-keys.ts';
import { parseNodeKey } from '../../shared/protocol/node-key.ts';
import type { NodeAgentConfig } from '../config.ts';

type KeyConfig = Pick<NodeAgentConfig, 'nodeId' | 'nodeKey' | 'secret'>;

/**
 * The keys, and what to call after each reload. What was signed or seen before stays as it is: a rotation has both secrets.
 * @throws FleetError `bad-config` for a node key that is damaged or another node's
 */
export function openNodeKeys(
  config: KeyConfig,
  logger: Logger,
): { readonly keys: NodeKeys; readonly reload: () => void } {
  const keys = new LiveNodeKeys(readNodeKeys(config, logger));
  let { nodeKey, secret } = config;
  const reload = (): void => {
    if (config.nodeKey === nodeKey && config.secret === secret) return;
    ({ nodeKey, secret } = config);
    keys.replace(readNodeKeys(config, logger));
  };
  return { keys, reload };
}

function readNodeKeys({ nodeId, nodeKey, secret }: KeyConfig, logger: Logger): NodeKeys {
  if (nodeKey !== '') return parseNodeKey(nodeKey, nodeId);
  if (secret !== '') {
    logger.warn(
      {
        remedy: `tmpfleet node key ${nodeId}, where the secret is; then --node-key-file instead of --secret-file`,
      },
      "this node was given the fleet's secret: an intruder here commands the whole fleet; give it a node key",
    );
  }
  return new FleetKeys(parseSecrets(secret)).nodeKeys(nodeId);
}
