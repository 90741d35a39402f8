/** A server that reads bodies and answers each with the same: as quick as `node:http` can be. Says its port to the process above it. */
import { createServer } from 'node:http';

/** As long as an evaluation. */
const ANSWER = JSON.stringify({ key: 'waybill.enforcement', value: 'off', metadata: { text: 'x'.repeat(250) } });
const HEADERS = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(ANSWER) };

const server = createServer((request, response) => {
  request.resume().once('end', () => response.writeHead(200, HEADERS).end(ANSWER));
});
server.listen(0, '127.0.0.1', () => process.send?.(server.address()));
process.once('disconnect', () => process.exit());
