// The application that is measured: each request asks another service and answers. It tells its CPU time over IPC.
import type { RequestHandler } from 'express';
import express from 'express';

const next = process.env['NEXT_URL'] ?? '';

/** With us, the application says whose a request is, too: that is a part of what we cost. */
async function middleware(): Promise<RequestHandler> {
  if (process.env['SAYS_ATTRIBUTION'] !== 'yes') return (_request, _response, next) => next();
  const { attribution } = await import('../../instrumentation/express.js');
  return attribution({
    tenant: (request: express.Request) => request.get('x-account'),
    feature: 'chat',
    policy: 'pro',
  });
}

const app = express();
app.use(express.json(), await middleware());
app.post('/', (request, response, fail) => {
  fetch(next, { method: 'POST', body: JSON.stringify(request.body) })
    .then(async (answer) => response.json(await answer.json()))
    .then(undefined, fail);
});
const server = app.listen(0, '127.0.0.1', () => process.send?.({ address: server.address() }));
process.on('message', () => process.send?.({ cpu: process.cpuUsage() }));
process.once('disconnect', () => process.exit());
