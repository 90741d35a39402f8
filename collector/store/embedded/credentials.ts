import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Passwords of the embedded server's users, made up once per data directory. */
export interface Credentials {
  /** Of `waybill`, our own user, who may do everything. */
  readonly waybill: string;
  /** Of `reader`, the user for people, who may read our tables. */
  readonly reader: string;
}

/**
 * Reads the passwords of a data directory, and makes them up at the first start. The files can be read by their owner
 * alone; people find `reader.password` there.
 */
export async function loadCredentials(directory: string): Promise<Credentials> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return {
    waybill: await passwordIn(join(directory, 'waybill.password')),
    reader: await passwordIn(join(directory, 'reader.password')),
  };
}

/** The password of our own user in a data directory; null where it is none. */
export async function existingPassword(directory: string): Promise<string | null> {
  try {
    return (await readFile(join(directory, 'waybill.password'), 'utf8')).trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

async function passwordIn(file: string): Promise<string> {
  try {
    // `wx`: of two processes that start at once, one writes and both read the same.
    await writeFile(file, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return (await readFile(file, 'utf8')).trim();
}

/** How ClickHouse stores a password in its users file. */
export function passwordHash(password: string): string {
  return createHash('sha256').update(password).digest('hex');
}
