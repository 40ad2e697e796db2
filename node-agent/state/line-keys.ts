// The key of the places in line at a node without a front. It is kept with the node's state, so that readers keep their places
// while the agent starts again.
import { randomBytes } from 'node:crypto';
import { describeError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import { FleetKeys } from '../../shared/protocol/fleet-keys.ts';
import type { NodeStateFile } from './state-file.ts';

const SECRET_BYTES = 32;

export function readLineKeys(file: NodeStateFile, logger: Logger): FleetKeys {
  const secret = file.record.lineSecret ?? randomBytes(SECRET_BYTES).toString('hex');
  try {
    if (file.record.lineSecret === undefined) file.save({ lineSecret: secret });
  } catch (error) {
    logger.warn(
      { error: describeError(error) },
      'the key of the line cannot be kept: readers in line lose their places when the agent stops',
    );
  }
  return new FleetKeys([secret]);
}
