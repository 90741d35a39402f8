import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { listen, stopperOf } from '../../collector/listen.js';

it('a connection on which nothing was asked holds up no server that stops, while a request is answered to its end', async () => {
  const server = createServer();
  const stop = stopperOf(server);
  const port = await listen(server, '127.0.0.1', 0, '--port');
  const unused = connect(port, '127.0.0.1');
  await once(unused, 'connect');
  const asked = once(server, 'request');
  const answer = fetch(`http://127.0.0.1:${port}`);
  const [, response] = await asked;
  const gone = once(unused, 'close');
  const stopped = stop();
  await gone;
  response.end('done');
  expect(await (await answer).text()).toBe('done');
  const beganMs = performance.now();
  await stopped;
  expect(performance.now() - beganMs).toBeLessThan(5_000);
});
