// The options of tracing, the same at front and node.
import { type ConfigOf, decimal, inGroup, option, secret, text } from '../config/option.ts';

/** Name and value of each header, as in OTEL_EXPORTER_OTLP_HEADERS. */
const HEADERS = /^$|^[\w!#$%&'*+.^`|~-]+=[^,\r\n]*(?:,\s*[\w!#$%&'*+.^`|~-]+=[^,\r\n]*)*$/;
const COLLECTOR = /^$|^https?:\/\/[^/?#\s]+[^?#\s]*$/;
const WITH_PASSWORD = /^https?:\/\/[^/]*@/;

export const tracingOptions = inGroup('State and logging', {
  otlp: {
    ...option(
      text('url', 'the http:// or https:// address of a collector, such as http://127.0.0.1:4318', COLLECTOR),
      '',
      'send a trace of each click in the sample to this OpenTelemetry collector, by OTLP/HTTP; /v1/traces is added to the address',
    ),
    whenUnset: 'no traces',
  },
  otlpSample: option(
    decimal(0, 1),
    0.1,
    'fraction of clicks that are traced; give front and nodes the same, which then trace the same clicks',
  ),
  otlpHeaders: {
    ...secret(
      text('headers', 'name=value, several with commas between them; values percent-encoded', HEADERS),
      'headers that the collector asks for, beside those of OTEL_EXPORTER_OTLP_HEADERS',
    ),
    whenUnset: 'none',
  },
});

export type TracingConfig = ConfigOf<typeof tracingOptions>;

/** What no single option can check, as lines of `bad-config`. */
export function tracingProblems({ otlp }: Pick<TracingConfig, 'otlp'>): readonly string[] {
  if (!WITH_PASSWORD.test(otlp)) return [];
  // The value is not repeated: it shows in `ps` already, and need not be in a log too.
  return ['otlp: a name or password in its address would show in ps; use --otlp-headers-file'];
}

/** The address to post to. A whole one may be given, too. */
export function tracesUrl(otlp: string): string {
  const base = otlp.replace(/\/+$/, '');
  return base.endsWith('/v1/traces') ? base : `${base}/v1/traces`;
}

/** By name; values are percent-encoded, as in the environment variable. */
export function parseHeaders(text: string): Record<string, string> {
  const pairs = text === '' ? [] : text.split(',').map((pair) => pair.trim());
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at), decode(pair.slice(at + 1).trim())];
    }),
  );
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
