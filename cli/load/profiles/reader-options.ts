// What each reader of a run does, as the options say it.
import type { HttpStep } from './http-file.ts';
import type { StayOptions } from './stay.ts';

export const PROFILES = ['jupyter', 'spawn-api', 'http', 'embed'] as const;
export type ProfileName = (typeof PROFILES)[number];

export interface ReaderOptions extends StayOptions {
  /** What is clicked. */
  readonly url: string;
  readonly profile: ProfileName;
  /** Longest time in line. ms */
  readonly patienceMs: number;
  /** Of the site that shows the frame. */
  readonly articleOrigin: string;
  /** Of the profile `http`. */
  readonly steps: readonly HttpStep[];
  /** Of `POST /api/spawn`, where nodes want one; empty for none. */
  readonly apiToken: string;
}
