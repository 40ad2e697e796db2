// The options of `tmpfleet load`.
import {
  choice,
  decimal,
  duration,
  flag,
  inGroup,
  integer,
  type Kind,
  list,
  option,
  secret,
  text,
} from '../../shared/config/option.ts';
import { PAGE_LOADS } from './profiles/page.ts';
import { PROFILES } from './profiles/reader-options.ts';
import { SPACINGS } from './schedule/arrivals.ts';
import { distribution, distributionOf } from './schedule/distribution.ts';
import { isShape } from './schedule/schedule.ts';
import { SHAPE_WORDS } from './schedule/shapes.ts';

/** 0 stands for what follows from other options. */
function orUnset(kind: Kind<number>): Kind<number> {
  return { ...kind, format: (value) => (value === 0 ? '' : kind.format(value)) };
}

const SHAPE_NAMES = Object.keys(SHAPE_WORDS).join('|');
const shapeKind = {
  ...text('shape', `one of ${Object.keys(SHAPE_WORDS).join(', ')}, or trace:FILE`),
  metavar: `${SHAPE_NAMES}|trace:FILE`,
};

export const loadOptions = {
  ...inGroup('Arrivals', {
    rate: {
      ...option(orUnset(decimal(0, 1_000_000, 'n')), 0, 'readers a second, where the shape is highest'),
      whenUnset: '1, or what --readers and --for give',
    },
    readers: {
      ...option(orUnset(integer(0, 5_000_000)), 0, 'number of readers'),
      whenUnset: 'what --rate and --for give',
    },
    forMs: {
      ...option(orUnset(duration()), 0, 'how long readers arrive'),
      whenUnset: '30s, or what --rate and --readers give',
    },
    shape: option(
      { ...shapeKind, schema: shapeKind.schema.refine(isShape) },
      'constant',
      'how the rate changes over that time, or when the readers of a recorded trace arrived',
    ),
    speed: option(decimal(0.001, 100_000), 1, 'with a trace: how many times as fast it is replayed'),
    spacing: option(
      choice(SPACINGS),
      'poisson',
      'poisson: each by themselves, as people come; even: as regular as a clock',
    ),
    closed: {
      ...option(
        orUnset(integer(0, 100_000)),
        0,
        'closed model: so many readers at a time, each of whom comes again when they have left; hides what slow answers do to others',
      ),
      whenUnset: 'an open model: arrivals wait for no answer',
    },
    seed: option(integer(0, 2 ** 31 - 1), 1, 'the same seed gives the same arrivals and the same readers'),
  }),
  ...inGroup('What a reader does', {
    profile: option(
      choice(PROFILES),
      'jupyter',
      'jupyter: clicks, opens the page, runs a line (an app without a kernel is only read); embed: the same in a frame of an article; spawn-api: POST /api/spawn; http: the steps of --steps',
    ),
    page: option(
      choice(PAGE_LOADS),
      'light',
      'static files: none, those that the page names (light), or those that its style sheets name as well (full)',
    ),
    stay: option(distribution(), distributionOf('exp:30s'), 'how long a reader stays after the first output'),
    think: option(distribution(), distributionOf('exp:10s'), 'time between two lines of a reader who stays'),
    vanish: option(decimal(0, 1), 0.2, 'share of readers who leave without closing their connections'),
    patienceMs: option(duration(), 60_000, 'how long a reader stands in line before they give up'),
    code: option(text('code', 'a line of code'), 'print(6*7)', 'what a reader runs in a Jupyter'),
    kernel: option(text('name', 'a name', /^[\w.-]{1,100}$/), 'python3', 'kernel of a Jupyter'),
    steps: option(text('file', 'a file'), '', 'with --profile http: YAML file with the steps of a reader'),
    articleOrigin: option(
      text('origin', 'an origin such as https://www.example-journal.org', /^https?:\/\/[^/\s]+$/),
      'https://www.example-journal.org',
      'with --profile embed: the site that shows the frame',
    ),
    apiToken: secret(text('token', 'a token'), 'token that POST /api/spawn asks for'),
  }),
  ...inGroup('Report', {
    threshold: option(
      list('what', 'thresholds such as first_output.p99<500ms, success>99.9% or refused==20', /./),
      [],
      'what has to be kept, else the exit code is 5; may be given several times',
    ),
    check: {
      ...option(
        text('file', 'a file'),
        '',
        'what tmpfleet plan --save wrote: compares each figure of it with what the fleet did; exit code 5 where one is off',
      ),
      whenUnset: 'none',
    },
    json: option(flag(), false, 'print the report as JSON, for scripts and --join'),
    html: option(text('file', 'a file'), '', 'write the report with plots as one file, which works offline'),
    csv: option(text('file', 'a file'), '', 'write a line for each second'),
    join: option(
      list('file', 'files', /./),
      [],
      'send no reader; add up what several generators printed with --json',
    ),
    dryRun: option(flag(), false, 'send no reader; print the schedule'),
  }),
  ...inGroup('Generator', {
    maxReaders: option(
      integer(1, 1_000_000),
      2_000,
      'highest number of readers at a time; those beyond it do not start',
    ),
    timeoutMs: option(duration(1), 30_000, 'longest time for one answer'),
    from: option(
      list(
        'address',
        'addresses or ranges of this host, such as 127.1.0.0/16',
        /^[0-9a-f.:]+(?:\/\d{1,3})?$/i,
      ),
      [],
      'addresses that readers come from, in turn, to try limits by client',
    ),
    yes: option(flag(), false, 'do not ask before a fleet that is not on this machine is loaded'),
  }),
};
