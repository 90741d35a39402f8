import type { Signing } from './sign-attribution.js';

/** The variables that a process was started with. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The key that attribution is signed with, as `WAYBILL_SIGNING_KEY`, `_KID` and `_ALG` have it. */
export function signingFrom(env: Environment): Signing | undefined {
  const key = env['WAYBILL_SIGNING_KEY'];
  if (key === undefined || key.trim() === '') return undefined;
  const alg = env['WAYBILL_SIGNING_ALG']?.trim() === 'EdDSA' ? 'EdDSA' : 'HS256';
  return { key, kid: env['WAYBILL_SIGNING_KID']?.trim() ?? '', alg };
}

/** Whether a variable says something; an empty one does not. */
export function isSet(env: Environment, name: string): boolean {
  return (env[name] ?? '').trim() !== '';
}
