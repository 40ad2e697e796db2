// The last hour, drawn by uPlot: who came and what became of them, and how full the fleet was.
import type { Bucket, HistoryJson } from '../../../shared/api/history.ts';
import { byId, colour, make, mark, say } from './dom.ts';
import { timeOf } from './words.ts';

type Field = Exclude<keyof Bucket, 'begins_at'>;

interface Line {
  readonly field: Field;
  readonly label: string;
  /** Of style.css. */
  readonly colour: string;
  readonly isFilled?: boolean;
  readonly isDashed?: boolean;
}

const READERS: readonly Line[] = [
  { field: 'arrivals', label: 'arrivals', colour: 'warm', isFilled: true },
  { field: 'waiting', label: 'waiting', colour: 'starting' },
  { field: 'bounces', label: 'bounces', colour: 'bounce' },
  { field: 'refused', label: 'refused', colour: 'bad' },
];
const HELD: readonly Line[] = [
  { field: 'held', label: 'held', colour: 'held', isFilled: true },
  { field: 'capacity', label: 'capacity', colour: 'dim', isDashed: true },
];

/** A chart shows no less. s */
const SHORTEST = 300;

const INCREMENTS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000];

export class Charts {
  #buckets: Bucket[] = [];
  #span = 3_600;
  readonly #charts: readonly Chart[] = [new Chart('readers', READERS), new Chart('held', HELD)];

  constructor() {
    const redraw = (): void => this.#charts.forEach((chart) => void chart.recolour());
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  }

  replace({ buckets, span_seconds }: HistoryJson): void {
    this.#buckets = [...buckets];
    this.#span = span_seconds;
  }

  /** @param now s since 1970, by the server's clock */
  add(bucket: Bucket | null, now: number): void {
    if (bucket !== null) {
      if (this.#buckets.at(-1)?.begins_at === bucket.begins_at) this.#buckets.pop();
      this.#buckets.push(bucket);
      while (beginOf(this.#buckets[0], now) <= now - this.#span) this.#buckets.shift();
    }
    // While there is less than an hour, what there is fills the chart.
    const from = Math.min(beginOf(this.#buckets[0], now), now - SHORTEST);
    for (const chart of this.#charts) chart.draw(this.#buckets, Math.max(from, now - this.#span), now);
  }
}

class Chart {
  readonly #lines: readonly Line[];
  readonly #place: HTMLElement;
  readonly #values: readonly HTMLElement[];
  readonly #plot: uPlot;
  #range: [number, number] = [0, 1];
  #buckets: readonly Bucket[] = [];

  constructor(name: string, lines: readonly Line[]) {
    this.#lines = lines;
    this.#place = byId(`${name}-chart`, HTMLElement);
    const legend = byId(`${name}-legend`, HTMLElement);
    this.#values = lines.map(({ label, colour: key }) => {
      const value = make('b');
      legend.append(make('li', { 'data-key': key }, `${label} `, value));
      return value;
    });
    this.#plot = new uPlot(this.#options(), [[], ...lines.map(() => [])] as uPlot.AlignedData, this.#place);
    new ResizeObserver(() => this.#plot.setSize(this.#size())).observe(this.#place);
  }

  draw(buckets: readonly Bucket[], from: number, to: number): void {
    this.#buckets = buckets;
    this.#range = [from, to];
    // A step lasts until the next begins, the last one until now.
    const begins = buckets.map((bucket) => beginOf(bucket, to));
    const last = buckets.at(-1);
    const times = last === undefined ? [] : [...begins, Math.max(to, beginOf(last, to) + 1)];
    const values = this.#lines.map(({ field }) => {
      const column = withoutRest(buckets.map((bucket) => bucket[field]));
      return last === undefined ? column : [...column, last[field]];
    });
    const data = [times, ...values];
    this.#plot.setData(data as unknown as uPlot.AlignedData);
    this.#tell();
  }

  recolour(): void {
    this.#plot.redraw(false, true);
  }

  #size(): { width: number; height: number } {
    return { width: this.#place.clientWidth, height: this.#place.clientHeight };
  }

  #options(): uPlot.Options {
    const axis: uPlot.Axis = {
      stroke: () => colour('dim'),
      grid: { stroke: () => colour('line'), width: 1 },
      ticks: { show: false },
      font: '12px system-ui, sans-serif',
    };
    return {
      ...this.#size(),
      padding: [8, 20, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      scales: {
        x: { range: () => this.#range },
        y: { range: (_plot, _min, max) => [0, Math.max(4, Math.ceil((max ?? 0) * 1.1))] },
      },
      axes: [
        {
          ...axis,
          space: 60,
          size: 28,
          values: (_plot, splits) => splits.map((at) => timeOf(at * 1000, at * 1000)),
        },
        { ...axis, incrs: INCREMENTS, size: 44 },
      ],
      series: [{}, ...this.#lines.map(seriesOf)],
      hooks: { setCursor: [() => this.#tell()] },
    };
  }

  /** The numbers in the legend: under the pointer, else the newest; and the hour as text for screen readers. */
  #tell(): void {
    const index = this.#plot?.cursor.idx;
    const shown = (typeof index === 'number' ? this.#buckets[index] : undefined) ?? this.#buckets.at(-1);
    this.#lines.forEach(({ field }, line) => {
      const place = this.#values[line];
      if (place !== undefined) say(place, String(shown?.[field] ?? 0));
    });
    mark(this.#place, 'aria-label', this.#inWords());
  }

  #inWords(): string {
    const parts = this.#lines.map(({ field, label }) => {
      const values = this.#buckets.map((bucket) => bucket[field]);
      const isFlow = field === 'arrivals' || field === 'bounces' || field === 'refused';
      const number = isFlow ? values.reduce((sum, value) => sum + value, 0) : Math.max(0, ...values);
      return `${label} ${number}${isFlow ? '' : ' at most'}`;
    });
    return `Over the last hour: ${parts.join(', ')}`;
  }
}

function seriesOf({ label, colour: key, isFilled, isDashed }: Line): uPlot.Series {
  const paths = uPlot.paths.stepped?.({ align: 1 });
  return {
    label,
    stroke: () => colour(key),
    width: isDashed === true ? 1 : 2,
    points: { show: false },
    ...(isFilled === true ? { fill: () => `${colour(key)}26` } : {}),
    ...(isDashed === true ? { dash: [4, 4] } : {}),
    ...(paths === undefined ? {} : { paths }),
  };
}

/** Seconds since 1970; `otherwise` where there is no bucket. */
function beginOf(bucket: Bucket | undefined, otherwise: number): number {
  return bucket === undefined ? otherwise : Date.parse(bucket.begins_at) / 1000;
}

/** Nothing is drawn where nothing happened: lines on the ground would lie over each other. */
function withoutRest(values: readonly number[]): (number | null)[] {
  return values.map((value, index) => {
    const isRest = value === 0 && (values[index - 1] ?? 0) === 0 && (values[index + 1] ?? 0) === 0;
    return isRest ? null : value;
  });
}
