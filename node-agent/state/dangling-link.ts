// Recognizes a data directory that is a symbolic link to nothing: a disk that is not mounted, most likely. Creating the
// directory fails there, with an error that names neither the link nor its target.
import { existsSync, readlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { FleetError } from '../../shared/errors.ts';

/**
 * Looks at the directory and those above it.
 * @throws FleetError `bad-config` that names the link and its target
 */
export function refuseDanglingLink(path: string): void {
  for (let place = path; ; place = dirname(place)) {
    const target = linkTarget(place);
    if (target !== undefined && !existsSync(place)) {
      throw new FleetError(
        'bad-config',
        `data-dir: ${JSON.stringify(place)} is a symbolic link to ${JSON.stringify(target)}, which does not exist`,
        { remedy: 'create or mount that directory, or choose another with --data-dir' },
      );
    }
    if (target !== undefined || existsSync(place) || dirname(place) === place) return;
  }
}

/** Undefined where there is no link. */
function linkTarget(place: string): string | undefined {
  try {
    return readlinkSync(place);
  } catch {
    return undefined;
  }
}
