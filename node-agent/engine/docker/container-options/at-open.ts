// What can be said of --container-options only once Docker answers, and the warnings at the start.
import { FleetError } from '../../../../shared/errors.ts';
import type { Logger } from '../../../../shared/logging.ts';
import { type Danger, dangersOf } from './dangers.ts';
import { protect } from './mounts.ts';
import type { CheckedContainerOptions } from './read.ts';

interface Opening {
  /** Directory of Docker's data. */
  readonly rootDir: string;
  readonly isUnsafe: boolean;
  readonly logger: Logger;
}

/** @throws FleetError `bad-config` for a mount of Docker's own data, without --unsafe-container-options */
export function checkAtOpen(checked: CheckedContainerOptions, { rootDir, isUnsafe, logger }: Opening): void {
  const dangers = dangersWith(checked, rootDir);
  const [first] = dangers;
  if (first !== undefined && !isUnsafe) {
    throw new FleetError('bad-config', `container-options: ${describeDanger(first)}`, {
      remedy: 'mount another directory; --unsafe-container-options allows this one',
    });
  }
  for (const { field, value, why } of dangers)
    logger.warn({ field, value, why }, 'UNSAFE CONTAINER OPTION: it weakens the isolation of every sandbox');
}

/** @param rootDir directory of Docker's data, where it is known */
export function dangersWith({ options, dangers }: CheckedContainerOptions, rootDir = ''): readonly Danger[] {
  const ofDocker = dangersOf({ mounts: options?.mounts ?? [] }, protect(rootDir, "Docker's own data"));
  const isNew = ({ value, why }: Danger): boolean =>
    !dangers.some((each) => each.value === value && each.why === why);
  return [...dangers, ...ofDocker.filter(isNew)];
}

export function describeDanger({ field, value, why }: Danger): string {
  return `${field}: ${value}: ${why}`;
}
