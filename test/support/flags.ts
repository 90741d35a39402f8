import { randomUUID } from 'node:crypto';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import type { EvaluationContext, EvaluationDetails } from '@openfeature/server-sdk';
import { OpenFeature } from '@openfeature/server-sdk';

/** An application that asks how far enforcement is rolled out, by OpenFeature's own SDK and provider. */
export interface Flags extends AsyncDisposable {
  /** Asks for a request; `none` is its default, which Waybill never answers. */
  readonly enforcement: (context: EvaluationContext) => Promise<EvaluationDetails<string>>;
  /** Asks for any flag. */
  readonly flag: (key: string, context: EvaluationContext) => Promise<EvaluationDetails<string>>;
}

/** @param apiUrl where Waybill answers; @param key shown as a bearer token; null: none */
export async function openFlags(apiUrl: string, key: string | null = null): Promise<Flags> {
  const domain = randomUUID();
  const headers: [string, string][] = key === null ? [] : [['Authorization', `Bearer ${key}`]];
  await OpenFeature.setProviderAndWait(domain, new OFREPProvider({ baseUrl: apiUrl, headers }));
  const client = OpenFeature.getClient(domain);
  const flag: Flags['flag'] = (name, context) => client.getStringDetails(name, 'none', context);
  return {
    flag,
    enforcement: (context) => flag('waybill.enforcement', context),
    [Symbol.asyncDispose]: () => OpenFeature.clearProviders(),
  };
}
