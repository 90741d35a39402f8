import { readFileSync, statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Logger } from 'pino';
import { StartError } from './start-error.js';

/** The files of a server's certificate, all PEM. */
export interface TlsFiles {
  /** The certificate, and those between it and its root. */
  readonly cert: string;
  readonly key: string;
  /** Authorities whose clients are served, and no others (mTLS); null: any client. */
  readonly clientCa: string | null;
}

/** What they hold at the moment. */
export interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | undefined;
}

/** A certificate that may change while servers run. */
export interface Certificate extends Disposable {
  readonly asksClients: boolean;
  /** What is in force. */
  readonly material: () => TlsMaterial;
  /** Calls back with what is new, whenever it changes. */
  readonly onChange: (take: (material: TlsMaterial) => void) => void;
}

/** Files may be on a mounted volume, where changes are not told: they are looked at as often as this. */
const LOOK_EVERY_MS = 5_000;

/**
 * Reads a certificate, and again whenever its files change. What is new is only taken when it is whole: a certificate
 * that does not fit its key, as half way through a renewal, leaves the one before in force.
 *
 * @throws StartError where the files cannot be used at the start
 */
export function watchCertificate(files: TlsFiles, log: Logger, lookEveryMs = LOOK_EVERY_MS): Certificate {
  let seen = stampOf(files);
  let material = usable(files);
  const takers: ((material: TlsMaterial) => void)[] = [];

  function look(): void {
    const now = stampOf(files);
    if (now === seen) return;
    try {
      material = usable(files);
      seen = now;
    } catch (error) {
      log.warn({ err: error }, 'A changed certificate cannot be used; the one before stays in force');
      return;
    }
    for (const take of takers) take(material);
    log.info({ cert: files.cert }, 'The certificate was changed');
  }

  const timer = setInterval(look, lookEveryMs);
  timer.unref();
  return {
    asksClients: files.clientCa !== null,
    material: () => material,
    onChange: (take) => void takers.push(take),
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

function usable({ cert, key, clientCa }: TlsFiles): TlsMaterial {
  try {
    const material = {
      cert: readFileSync(cert),
      key: readFileSync(key),
      ca: clientCa === null ? undefined : readFileSync(clientCa),
    };
    // Throws where one is no PEM, or the certificate does not fit the key.
    createSecureContext({ cert: material.cert, key: material.key, ...(material.ca ? { ca: material.ca } : {}) });
    return material;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const names = [cert, key, ...(clientCa === null ? [] : [clientCa])].join(', ');
    throw new StartError(`TLS cannot be served with ${names}: ${reason}. Give PEM files that fit each other.`);
  }
}

/** Changes when one of the files does; following links, as mounted secrets are. */
function stampOf({ cert, key, clientCa }: TlsFiles): string {
  return [cert, key, clientCa]
    .map((file) => {
      const stat = file === null ? undefined : statSync(file, { throwIfNoEntry: false });
      return stat === undefined ? '' : `${stat.ino} ${stat.mtimeMs} ${stat.size}`;
    })
    .join(' ');
}
