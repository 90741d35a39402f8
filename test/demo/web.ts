import './lifeline.js';
import express from 'express';
import { withAttribution } from '../../instrumentation/index.js';
import { faultOf } from './faults.js';

/** Budget policies, as a real service would look them up with the account. */
const policies: Readonly<Record<string, string>> = {
  acme: 'pro-monthly',
  globex: 'pro-monthly',
  umbrella: 'pro-monthly',
  hooli: 'pro-monthly',
};

const agentUrl = process.env['AGENT_URL'] ?? '';
const app = express();
app.use(express.json());

app.use((request, response, next) => {
  const tenant = /^Bearer (\w+)$/.exec(request.get('authorization') ?? '')?.[1];
  if (tenant === undefined) {
    response.status(401).json({ error: 'Send a bearer token.' });
    return;
  }
  withAttribution(
    {
      tenant: faultOf(tenant) === 'tenant-unknown' ? 'unknown' : tenant,
      feature: request.path.slice(1),
      policy: policies[tenant] ?? 'starter-monthly',
      user: `${tenant}-user`,
    },
    next,
  );
});

app.post('/:feature', (request, response, next) => {
  fetch(`${agentUrl}/answer`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(request.body),
  })
    .then(async (answer) => response.status(answer.status).json(await answer.json()))
    .then(undefined, next);
});

app.listen(Number(process.env['PORT']), '127.0.0.1');
