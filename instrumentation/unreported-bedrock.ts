import { createRequire } from 'node:module';
import { sep } from 'node:path';
import { diag } from '@opentelemetry/api';
import { InstrumentationBase, InstrumentationNodeModuleDefinition, isWrapped } from '@opentelemetry/instrumentation';
import { get, isMethod } from './unknown-value.js';
import { LOAD_FIRST } from './unreported-clients.js';

/** The package of the client of Amazon Bedrock. */
export const BEDROCK_CLIENT = '@aws-sdk/client-bedrock-runtime';

/**
 * Says, once, that the client of Amazon Bedrock is loaded and its calls are not reported. It speaks HTTP/2, which is not
 * traced, so that its requests cannot tell, as those of other clients do; what can be seen is the module. A client that
 * is bundled into the application is no module, and is not noticed.
 */
export class UnreportedBedrock extends InstrumentationBase {
  constructor() {
    super('waybill/unreported-bedrock', '1', {});
  }

  protected override init(): InstrumentationNodeModuleDefinition {
    let isTold = false;
    const tell = (version: string): void => {
      if (!isTold)
        diag.warn(
          `${BEDROCK_CLIENT}${version} is loaded, and nothing reports its calls, so their cost is unknown. ${LOAD_FIRST}`,
        );
      isTold = true;
    };
    // The AWS SDK is CommonJS, so what was loaded before this is in the cache of `require`, whoever imported it.
    const { cache } = createRequire(import.meta.url);
    const folder = `${sep}${['node_modules', ...BEDROCK_CLIENT.split('/')].join(sep)}${sep}`;
    if (Object.keys(cache).some((path) => path.includes(folder))) tell('');
    return new InstrumentationNodeModuleDefinition(BEDROCK_CLIENT, ['*'], (module: unknown, version) => {
      const send = get(module, 'BedrockRuntimeClient', 'prototype', 'send');
      if (!isMethod(send) || !isWrapped(send)) tell(` ${version ?? ''}`);
      return module;
    });
  }
}
