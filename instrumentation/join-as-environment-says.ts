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
  const isAnnounced = env['WAYBILL_SDK']?.trim().toLowerCase() === 'app';
  if (isAnnounced) joinSdkOnceStarted(options);
  else if (!joinSdk(options)) return false;
  if (isSet(env, 'WAYBILL_CARRIERS')) {
    process.emitWarning(
      "WAYBILL_CARRIERS has no effect beside an OpenTelemetry SDK of the application's own: add carrierHeaders() of " +
        'waybill/carriers to the requests.',
      { code: 'WAYBILL_CARRIERS' },
    );
  }
  return true;
}
