/**
 * Instruments an application without a change to it:
 *
 * ```sh
 * OTEL_SERVICE_NAME=web node --import waybill/register app.js
 * ```
 *
 * Sends spans to `OTEL_EXPORTER_OTLP_ENDPOINT` (default `http://localhost:4318`); the standard `OTEL_*` variables
 * are respected.
 *
 * An application that has an OpenTelemetry SDK of its own keeps it, and only gets attribution: where it was started
 * before (`--import ./tracing.js --import waybill/register`), or where `WAYBILL_SDK=app` says that it will be.
 */
try {
  // Loaded here and not above: a package that is missing or broken must not keep the application from starting.
  const { joinAsEnvironmentSays } = await import('./join-as-environment-says.js');
  if (!joinAsEnvironmentSays(process.env)) {
    const { startInstrumentation } = await import('./start.js');
    await startInstrumentation(process.env);
  }
} catch (error) {
  const reason = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
  process.stderr.write(`waybill/register: the application runs without instrumentation: ${reason ?? ''}\n`);
}
