// Reads single numbers out of Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/).

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** All series of one metric; none when there is no such metric. */
export function readSeries(text: string, name: string): readonly Series[] {
  return text.split('\n').flatMap((line) => {
    const [, metric, labels = '', value] = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? +(\S+)/.exec(line) ?? [];
    return metric === name ? [{ labels: readLabels(labels), value: Number(value) }] : [];
  });
}

export function sumOf(series: readonly Series[]): number {
  return series.reduce((sum, { value }) => sum + value, 0);
}

function readLabels(text: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name = '', value = '']) => [
      name,
      value.replaceAll(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter)),
    ]),
  );
}
