// All cases, by what they are about, with the declared differences.
import type { Case } from './case.ts';
import { ABORTS } from './cases/aborts.ts';
import { ANSWER_FRAMING } from './cases/answer-framing.ts';
import { ANSWER_HEADERS } from './cases/answer-headers.ts';
import { BODILESS } from './cases/bodiless.ts';
import { INTERIM } from './cases/interim.ts';
import { PIPELINING } from './cases/pipelining.ts';
import { REQUEST_FRAMING } from './cases/request-framing.ts';
import { REQUEST_HEADERS } from './cases/request-headers.ts';
import { TARGETS } from './cases/targets.ts';
import { UPGRADES } from './cases/upgrades.ts';
import type { Differences } from './difference.ts';
import { ABORTS_DIFFERENCES } from './differences/aborts.ts';
import { ANSWER_FRAMING_DIFFERENCES } from './differences/answer-framing.ts';
import { ANSWER_HEADERS_DIFFERENCES } from './differences/answer-headers.ts';
import { BODILESS_DIFFERENCES } from './differences/bodiless.ts';
import { INTERIM_DIFFERENCES } from './differences/interim.ts';
import { PIPELINING_DIFFERENCES } from './differences/pipelining.ts';
import { REQUEST_FRAMING_DIFFERENCES } from './differences/request-framing.ts';
import { REQUEST_HEADERS_DIFFERENCES } from './differences/request-headers.ts';
import { TARGETS_DIFFERENCES } from './differences/targets.ts';
import { UPGRADES_DIFFERENCES } from './differences/upgrades.ts';

export interface Table {
  readonly title: string;
  readonly cases: readonly Case[];
  readonly differences: Differences;
}

export const TABLES: readonly Table[] = [
  { title: 'where a request ends', cases: REQUEST_FRAMING, differences: REQUEST_FRAMING_DIFFERENCES },
  { title: 'where an answer ends', cases: ANSWER_FRAMING, differences: ANSWER_FRAMING_DIFFERENCES },
  { title: 'answers without a body', cases: BODILESS, differences: BODILESS_DIFFERENCES },
  { title: 'interim answers', cases: INTERIM, differences: INTERIM_DIFFERENCES },
  { title: 'one side leaves', cases: ABORTS, differences: ABORTS_DIFFERENCES },
  { title: 'several requests', cases: PIPELINING, differences: PIPELINING_DIFFERENCES },
  { title: 'other protocols', cases: UPGRADES, differences: UPGRADES_DIFFERENCES },
  { title: 'headers of a request', cases: REQUEST_HEADERS, differences: REQUEST_HEADERS_DIFFERENCES },
  { title: 'headers of an answer', cases: ANSWER_HEADERS, differences: ANSWER_HEADERS_DIFFERENCES },
  { title: 'request targets', cases: TARGETS, differences: TARGETS_DIFFERENCES },
];
