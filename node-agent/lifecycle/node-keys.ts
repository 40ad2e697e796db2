// The keys of this node: from its node key, or from the fleet's secret where an earlier configuration gives it that.

import { parseSecrets } from '../../shared/config/common.ts';
import type { Logger } from '../../shared/logging.ts';
import { FleetKeys, type NodeKeys } from '../../shared/protocol/fleet-keys.ts';
import { parseNodeKey } from '../../shared/protocol/node-key.ts';
import type { NodeAgentConfig } from '../config.ts';

/** @throws FleetError `bad-config` for a node key that is damaged or another node's */
export function readNodeKeys(
  { nodeId, nodeKey, secret }: Pick<NodeAgentConfig, 'nodeId' | 'nodeKey' | 'secret'>,
  logger: Logger,
): NodeKeys {
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
