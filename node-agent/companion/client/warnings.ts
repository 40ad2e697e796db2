// What a reader has to be told now: a pure function of the moments at which their sandbox ends. This and its neighbours are
// parts of one classic script without imports, which ../script.ts puts together.

type StateJson = import('../messages.ts').StateJson;

/** In ms of `performance.now()`. */
interface Moments {
  readonly deadline: { readonly at: number; readonly why: 'drain' | 'age' } | undefined;
  readonly idle: { readonly at: number; readonly limit: number; readonly warn: number } | undefined;
}

interface Warning {
  readonly kind: 'drain' | 'age' | 'idle';
  /** When the sandbox ends. */
  readonly at: number;
  /** Rises as the end comes near. A reader who has hidden a warning sees it again at the next stage. */
  readonly stage: number;
}

const MINUTE = 60_000;
/** Before a deadline. An end by age is no news before the first one; a drain is, at once. */
const STAGES = [30 * MINUTE, 10 * MINUTE, 5 * MINUTE, 2 * MINUTE];

function momentsOf({ deadline, idle }: StateJson, now: number): Moments {
  return {
    deadline: deadline === null ? undefined : { at: now + deadline.left_ms, why: deadline.why },
    idle: idle === null ? undefined : { at: now + idle.left_ms, limit: idle.limit_ms, warn: idle.warn_ms },
  };
}

/** The first end counts: who is warned of a deadline need not know that they would be idle after it. */
function warningAt({ deadline, idle }: Moments, now: number): Warning | undefined {
  if (idle !== undefined && idle.at - now <= idle.warn && (deadline === undefined || idle.at < deadline.at)) {
    const isLast = idle.at - now <= Math.min(MINUTE, idle.warn / 2);
    return { kind: 'idle', at: idle.at, stage: isLast ? 1 : 0 };
  }
  if (deadline === undefined) return undefined;
  const stage = STAGES.filter((ms) => deadline.at - now <= ms).length;
  return stage === 0 && deadline.why === 'age' ? undefined : { kind: deadline.why, at: deadline.at, stage };
}
