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
app.post('/', async (request, response) => {
  const answer = await losing(request.body.fault === 'web', () =>
    fetch(API_URL, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request.body),
    }),
  );
  const traceId = trace.getActiveSpan()?.spanContext().traceId;
  response.status(answer.status).json({ traceId, answer: await answer.json() });
});
app.listen(Number(PORT), '127.0.0.1');
