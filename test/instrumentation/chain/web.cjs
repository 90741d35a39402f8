// The first service of the chain, in plain CommonJS: says whose a request is, and passes it on.
const { context, propagation, trace } = require('@opentelemetry/api');
const express = require('express');
const { attribution } = require('waybill/express');

const { PORT, API_URL } = process.env;

/** A client with a transport of its own loses the baggage. */
const losing = (isLosing, fn) => (isLosing ? context.with(propagation.deleteBaggage(context.active()), fn) : fn());

const app = express();
app.use(express.json());
app.use(attribution({ tenant: (request) => request.get('x-account'), feature: 'chat', policy: 'pro-monthly' }));
async function ask(body) {
  const headers = { 'content-type': 'application/json' };
  const answer = await losing(body.fault === 'web', () =>
    fetch(API_URL, { method: 'POST', headers, body: JSON.stringify(body) }),
  );
  return { traceId: trace.getActiveSpan()?.spanContext().traceId, answer: await answer.json() };
}

app.post('/', (request, response, next) => {
  ask(request.body).then((answer) => response.json(answer), next);
});
app.listen(Number(PORT), '127.0.0.1');
