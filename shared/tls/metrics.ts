// The metric of the certificate that our listeners show.
import { only, type Registry, showGauge } from '../metrics.ts';
import type { Pair } from './pair.ts';

/** @param certificate undefined where a terminator in front has it: then there is no such series */
export function showCertificate(registry: Registry, certificate: { readonly pair: Pair } | undefined): void {
  showGauge(registry, {
    name: 'tmpfleet_certificate_expiry_timestamp_seconds',
    help: 'When the TLS certificate of --tls-cert ends, in seconds since 1970; no series without that option',
    rows: () => (certificate === undefined ? [] : only(certificate.pair.notAfter / 1_000)),
  });
}
