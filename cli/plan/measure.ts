// `--measure`: starts a few sandboxes on this host.
import type { PlanConfig } from './question.ts';

export interface Measured {
  readonly memoryBytes: number;
  readonly startMs: number;
  readonly startCpuMs: number;
  readonly removeMs: number;
}

export async function measure(_config: PlanConfig): Promise<Measured> {
  throw new Error('not yet');
}
