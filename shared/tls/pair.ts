// A certificate with its private key, read from two files and checked: whether a listener can use them.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { describeError } from '../errors.ts';
import { readOperatorFile, readOperatorFileLater } from '../operator-file.ts';

/** Older versions are broken, and no browser speaks them any more (RFC 8996). */
export const MIN_TLS = 'TLSv1.2';

export interface PairFiles {
  readonly tlsCert: string;
  readonly tlsKey: string;
}

export interface Pair {
  readonly cert: string;
  readonly key: string;
  /** The certificate of the host itself. */
  readonly leaf: X509Certificate;
  /** ms since 1970 */
  readonly notAfter: number;
}

export type ReadPair = { readonly pair: Pair } | { readonly problem: string };

export function readPair({ tlsCert, tlsKey }: PairFiles): ReadPair {
  const read = (name: string, path: string): Content => {
    try {
      return { text: readOperatorFile(path).toString() };
    } catch (error) {
      return unreadable(name, path, error);
    }
  };
  return pairOf({ tlsCert, tlsKey }, read('tls-cert', tlsCert), read('tls-key', tlsKey));
}

/** As `readPair`, without holding the program up: the files may be on a slow disk. */
export async function readPairLater({ tlsCert, tlsKey }: PairFiles): Promise<ReadPair> {
  const read = (name: string, path: string): Promise<Content> =>
    readOperatorFileLater(path).then(
      (content) => ({ text: content.toString() }),
      (error: unknown) => unreadable(name, path, error),
    );
  const [cert, key] = await Promise.all([read('tls-cert', tlsCert), read('tls-key', tlsKey)]);
  return pairOf({ tlsCert, tlsKey }, cert, key);
}

type Content = { readonly text: string } | { readonly problem: string };

function unreadable(name: string, path: string, error: unknown): Content {
  return { problem: `${name}: ${JSON.stringify(path)} cannot be read (${describeError(error)})` };
}

function pairOf({ tlsCert, tlsKey }: PairFiles, cert: Content, key: Content): ReadPair {
  if ('problem' in cert) return cert;
  if ('problem' in key) return key;
  const [certFile, keyFile] = [JSON.stringify(tlsCert), JSON.stringify(tlsKey)];
  const leaf = attempt(() => new X509Certificate(cert.text));
  if (leaf === undefined) {
    return {
      problem: `tls-cert: ${certFile} does not begin with a certificate in PEM form; it should hold the certificate of this host and then its intermediates (fullchain.pem of certbot)`,
    };
  }
  if (/ENCRYPTED/.test(key.text)) {
    return {
      problem: `tls-key: ${keyFile} has a passphrase; write the key without one: openssl pkey -in ${tlsKey} -out FILE`,
    };
  }
  const privateKey = attempt(() => createPrivateKey(key.text));
  if (privateKey === undefined)
    return { problem: `tls-key: ${keyFile} holds no private key in PEM form (privkey.pem of certbot)` };
  if (!leaf.checkPrivateKey(privateKey)) {
    return {
      problem: `tls-key: ${keyFile} is not the key of the first certificate in ${certFile}, which must be the one of this host`,
    };
  }
  try {
    createSecureContext({ cert: cert.text, key: key.text, minVersion: MIN_TLS });
  } catch (error) {
    return { problem: `tls-cert: ${certFile} cannot be used for TLS: ${describeError(error)}` };
  }
  return { pair: { cert: cert.text, key: key.text, leaf, notAfter: Date.parse(leaf.validTo) } };
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
