/**
 * Instruments an application without a change to it:
 *
 * ```sh
 * OTEL_SERVICE_NAME=web node --import waybill/register app.js
 * ```
 *
 * Sends spans to `OTEL_EXPORTER_OTLP_ENDPOINT` (default `http://localhost:4318`); the standard `OTEL_*` variables
 * are respected.
 */
try {
  // Loaded here and not above: a package that is missing or broken must not keep the application from starting.
  const { startInstrumentation } = await import('./start.js');
  await startInstrumentation(process.env);
} catch (error) {
  const reason = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
  process.stderr.write(`waybill/register: the application runs without instrumentation: ${reason ?? ''}\n`);
}
