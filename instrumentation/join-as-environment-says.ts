import type { Environment } from './environment.js';
import { isSet, signingFrom } from './environment.js';
import { joinSdk, joinSdkOnceStarted } from './join-sdk.js';

/**
 * Joins the application's own OpenTelemetry SDK, where there is one already or `WAYBILL_SDK=app` says that there will
 * be one.
 *
 * @returns whether the application has an SDK, so that none has to be started
 */
export function joinAsEnvironmentSays(env: Environment): boolean {
  const options = { sign: signingFrom(env), addsBaggage: !isSet(env, 'OTEL_PROPAGATORS') };
  if (env['WAYBILL_SDK']?.trim().toLowerCase() !== 'app') return joinSdk(options);
  joinSdkOnceStarted(options);
  return true;
}
