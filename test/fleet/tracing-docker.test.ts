// The phases of a start in a trace, on a real Docker with the real Jupyter, whose kernel is primed.
import { afterEach, expect, test } from 'vitest';
import { describeNeeding } from '../lab/needs.ts';
import { Bench, SECRET } from '../redirector/support.ts';
import { startAgent } from '../support/agent.ts';
import { startCollector } from '../support/collector.ts';
import { Reader } from '../support/reader.ts';
import { until } from '../support/until.ts';

describeNeeding(['docker', 'jupyter'], 'traces of a node on Docker', ({ docker, jupyter }) => {
  const bench = new Bench();
  afterEach(() => bench.clear(), 60_000);

  test('a claim names the start of its sandbox, with what Docker, Jupyter and its kernel took', async () => {
    const collector = bench.keep(await startCollector());
    const agent = bench.keep(
      await startAgent(
        {
          ...{ engine: 'docker', dockerHost: docker.host, image: jupyter.image, pull: 'never' },
          ...{ capacity: '2', warm: '1', nodeId: 'tracing-docker', prime: 'intro.ipynb' },
          ...{ otlp: collector.url, otlpSample: '1' },
        },
        { TMPFLEET_SECRET: SECRET },
      ),
    );
    await agent.warm(1);
    const { status } = await new Reader().click(`${agent.url}/notebooks/intro.ipynb`);
    expect(status).toBe(200);
    await until('the page is traced', () => collector.spans.some(({ name }) => name === 'page'), 90_000);
    const claim = collector.spans.find(({ name }) => name === 'claim');
    const start = collector.spans.filter(({ traceId }) => traceId === claim?.links[0]?.traceId);
    const phases = start
      .filter(({ parentSpanId }) => parentSpanId === claim?.links[0]?.spanId)
      .sort((one, other) => Number(BigInt(one.startTimeUnixNano) - BigInt(other.startTimeUnixNano)));
    expect(phases.map(({ name }) => name)).toEqual(['prepare', 'create', 'start', 'probe', 'prime']);
    const ms = phases.map(({ name, startTimeUnixNano: from, endTimeUnixNano: to }) => [
      name,
      Number(BigInt(to) - BigInt(from)) / 1e6,
    ]);
    console.log(
      `a start on Docker, ms: ${ms.map(([name, took]) => `${name} ${Math.round(Number(took))}`).join(', ')}`,
    );
    for (const [, took] of ms) expect(took).toBeGreaterThan(0);
  }, 240_000);
});
