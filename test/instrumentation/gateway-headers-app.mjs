// Asks the addresses in ASK by fetch and by http, for a tenant; those who are asked print what they got.
import http from 'node:http';
import { withAttribution } from 'waybill/instrumentation';

const ACME = { tenant: 'acme', feature: 'chat', policy: 'pro', user: 'u-1' };
const { GATEWAY_URL, OTHER_URL } = process.env;

/** Headers of the application's own, which must come through as they are. */
const own = {
  'x-own': 'yes',
  'CF-AIG-Metadata': '{"a":1,"b":2,"c":3,"tenant.id":"of the app"}',
  'x-litellm-customer-id': 'of the app',
};

const byHttp = (url, headers) =>
  new Promise((done, fail) => {
    const request = http.request(`${url}/http`, { method: 'POST', headers }, (answer) =>
      answer.resume().once('end', done),
    );
    request.once('error', fail).end('{}');
  });
const byFetch = async (url, headers) => (await fetch(`${url}/fetch`, { method: 'POST', headers, body: '{}' })).text();

await withAttribution(ACME, async () => {
  for (const ask of [byFetch, byHttp]) {
    await ask(GATEWAY_URL, {});
    await ask(GATEWAY_URL, own);
    await ask(OTHER_URL, own);
  }
});
