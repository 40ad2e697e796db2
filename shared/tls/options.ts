// The options for TLS on our own listeners, for hosts without a TLS terminator in front.
import { type ConfigOf, closedFile, inGroup, option, text } from '../config/option.ts';
import { readPair } from './pair.ts';

export const tlsOptions = inGroup('Security', {
  tlsCert: {
    ...option(
      text('file', 'a file in PEM form'),
      '',
      'certificate of this host and its intermediates (PEM): the public listener then speaks TLS, and so does the control listener unless it is on loopback; a renewed file is taken without a restart',
    ),
    whenUnset: 'plain HTTP, for a TLS terminator in front',
  },
  tlsKey: {
    ...closedFile(
      option(
        text('file', 'a file in PEM form'),
        '',
        'private key of that certificate (PEM), without a passphrase, in a file that other users cannot read',
      ),
    ),
    whenUnset: 'none',
  },
});
export type TlsConfig = ConfigOf<typeof tlsOptions>;

export function speaksTls({ tlsCert }: TlsConfig): boolean {
  return tlsCert !== '';
}

/** Checks what no single option can: that the two files are there, and belong together. */
export function tlsProblems({ tlsCert, tlsKey }: TlsConfig): readonly string[] {
  if (tlsCert === '' && tlsKey === '') return [];
  if (tlsKey === '') return ['tls-cert: needs the private key, too; give it with --tls-key'];
  if (tlsCert === '') return ['tls-key: needs the certificate, too; give it with --tls-cert'];
  const read = readPair({ tlsCert, tlsKey });
  return 'problem' in read ? [read.problem] : [];
}
