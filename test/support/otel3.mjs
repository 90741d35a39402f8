// Makes an application find OpenTelemetry 3 where it asks for OpenTelemetry, as if that were what it had installed. For
// `node --import`, on Node 22.15 and later. With OTEL3=everywhere, Waybill finds it too; else it has its own, older copy
// of the API, as npm installs it where versions differ.
import { registerHooks } from 'node:module';

const everywhere = process.env.OTEL3 === 'everywhere';
const aliases = new Map([
  ['@opentelemetry/api', 'otel3-api'],
  ['@opentelemetry/core', 'otel3-core'],
  ['@opentelemetry/sdk-node', 'otel3-sdk-node'],
]);

/** What 3.x packages ask of each other is installed below them, but for the API. */
function isAsking(specifier, parent) {
  if (parent.includes('/node_modules/otel3-')) return specifier === '@opentelemetry/api';
  return everywhere || !parent.includes('/dist/');
}

registerHooks({
  resolve(specifier, context, next) {
    const alias = aliases.get(specifier);
    const parent = context.parentURL ?? '';
    if (alias === undefined || !isAsking(specifier, parent)) return next(specifier, context);
    return next(alias, context);
  },
});
