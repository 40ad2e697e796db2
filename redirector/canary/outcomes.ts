// What can come of a visit of the canary: of one that was made, and the reasons to leave one out.
export type CanaryOutcome = 'ok' | 'failed' | 'no-spare' | 'readers-wait' | 'not-ready' | 'unsupported';
