import { webcrypto } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const USAGES: webcrypto.KeyUsage[] = ['sign', 'verify'];

/** A certificate and its key, PEM. */
export interface Pem {
  readonly cert: string;
  readonly key: string;
}

/** An authority of a test. */
export interface Authority {
  /** Its own certificate, PEM. */
  readonly ca: string;
  /** Issues a certificate for a name of this machine, good for an hour. */
  readonly issue: (name: string) => Promise<Pem>;
}

/** Makes an authority that nobody else knows. */
export async function createAuthority(name: string): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, USAGES);
  const own = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: ALGORITHM,
    ...validity(),
    extensions: [new x509.BasicConstraintsExtension(true, 1, true)],
  });
  return {
    ca: own.toString('pem'),
    issue: async (subject) => {
      const pair = await webcrypto.subtle.generateKey(ALGORITHM, true, USAGES);
      const cert = await x509.X509CertificateGenerator.create({
        serialNumber: Buffer.from(webcrypto.getRandomValues(new Uint8Array(8))).toString('hex'),
        subject: `CN=${subject}`,
        issuer: own.subject,
        publicKey: pair.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ALGORITHM,
        ...validity(),
        extensions: [
          new x509.SubjectAlternativeNameExtension([
            { type: 'dns', value: 'localhost' },
            { type: 'ip', value: '127.0.0.1' },
          ]),
        ],
      });
      const key = await webcrypto.subtle.exportKey('pkcs8', pair.privateKey);
      return { cert: cert.toString('pem'), key: x509.PemConverter.encode(key, 'PRIVATE KEY') };
    },
  };
}

function validity(): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 3_600_000) };
}
