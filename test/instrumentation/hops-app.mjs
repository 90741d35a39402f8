// One process that asks itself over Fastify, gRPC, BullMQ, AMQP and Kafka, and prints what each other side saw of attribution. It
// says nothing of OpenTelemetry.
import { Server, ServerCredentials, credentials, makeGenericClientConstructor } from '@grpc/grpc-js';
import { connect } from 'amqplib';
import { Queue, Worker } from 'bullmq';
import fastify from 'fastify';
import { Kafka, logLevel } from 'kafkajs';
import { attribution } from 'waybill/fastify';
import { getAttribution, withAttribution } from 'waybill/instrumentation';

const ACME = { tenant: 'acme', feature: 'chat', policy: 'pro' };
const queues = { bullmq, amqplib, kafkajs };
const queue = process.argv[2];
const hops = queue === undefined ? { fastify: overFastify, grpc: overGrpc } : { [queue]: queues[queue] };

async function overFastify() {
  const app = fastify();
  app.addHook('preHandler', attribution({ trust: ['127.0.0.1'], user: () => 'u-1' }));
  app.get('/', async () => getAttribution());
  app.post('/', async () => getAttribution());
  const entry = fastify();
  entry.addHook('preHandler', attribution({ tenant: 'bound' }));
  entry.post('/', async () => getAttribution());
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const entryUrl = await entry.listen({ port: 0, host: '127.0.0.1' });
  const ask = async (to, options = {}) => (await fetch(to, options)).json();
  const post = { method: 'POST', body: '{"a":1}', headers: { 'content-type': 'application/json' } };
  const seen = await withAttribution(ACME, async () => ({
    get: await ask(url),
    post: await ask(url, post),
    untrusted: await ask(entryUrl, post),
  }));
  await Promise.all([app.close(), entry.close()]);
  return seen;
}

const json = {
  serialize: (value) => Buffer.from(JSON.stringify(value)),
  parse: (bytes) => JSON.parse(bytes.toString()),
};
const method = (name, requestStream, responseStream) => ({
  path: `/test.Asker/${name}`,
  requestStream,
  responseStream,
  requestSerialize: json.serialize,
  requestDeserialize: json.parse,
  responseSerialize: json.serialize,
  responseDeserialize: json.parse,
});
const service = {
  unary: method('unary', false, false),
  down: method('down', false, true),
  up: method('up', true, false),
  both: method('both', true, true),
};

async function overGrpc() {
  const server = new Server();
  server.addService(service, {
    unary: (_call, done) => done(null, getAttribution()),
    async down(call) {
      await new Promise((done) => setTimeout(done, 1));
      call.write(getAttribution());
      call.end();
    },
    up: (call, done) => call.on('data', () => {}).on('end', () => done(null, getAttribution())),
    // The last message is answered long after the call has begun.
    both: (call) => call.on('data', () => call.write(getAttribution())).on('end', () => call.end()),
  });
  const insecure = ServerCredentials.createInsecure();
  const port = await new Promise((done, fail) =>
    server.bindAsync('127.0.0.1:0', insecure, (error, port) => (error ? fail(error) : done(port))),
  );
  const Client = makeGenericClientConstructor(service, 'Asker');
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const seen = await withAttribution(ACME, async () => {
    const unary = await new Promise((done, fail) =>
      client.unary({}, (error, answer) => (error ? fail(error) : done(answer))),
    );
    const down = [];
    for await (const one of client.down({})) down.push(one);
    const up = await new Promise((done, fail) => {
      const call = client.up((error, answer) => (error ? fail(error) : done(answer)));
      call.write({});
      call.end();
    });
    const both = [];
    const call = client.both();
    call.write({});
    setTimeout(() => {
      call.write({});
      call.end();
    }, 5);
    for await (const one of call) both.push(one);
    return { unary, down, up, both };
  });
  client.close();
  server.forceShutdown();
  return seen;
}

async function bullmq() {
  const connection = { host: '127.0.0.1', port: Number(process.env.REDIS_PORT), maxRetriesPerRequest: null };
  const queue = new Queue('jobs', { connection });
  const seen = {};
  // Put in before the worker runs, so that it takes the second job inside the first one.
  await withAttribution(ACME, () => queue.add('of acme', {}));
  await queue.add('of nobody', {}, { telemetry: { omitContext: true } });
  await withAttribution({ tenant: 'globex' }, () => queue.addBulk([{ name: 'of globex', data: {} }]));
  const worker = withAttribution(
    { tenant: 'who started the worker' },
    () => new Worker('jobs', async ({ name }) => (seen[name] = getAttribution()), { connection }),
  );
  await new Promise((done) => {
    worker.on('completed', () => Object.keys(seen).length === 3 && done());
  });
  await worker.close();
  await queue.close();
  return seen;
}

async function amqplib() {
  const connection = await connect(process.env.AMQP_URL);
  const channel = await connection.createChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true });
  const send = (text) => channel.sendToQueue(queue, Buffer.from(text));
  const seen = {};
  withAttribution(ACME, () => send('of acme'));
  send('of nobody');
  withAttribution({ tenant: 'globex' }, () => send('of globex'));
  await new Promise((done) => {
    const take = (message) => {
      seen[message.content.toString()] = getAttribution();
      channel.ack(message);
      if (Object.keys(seen).length === 3) done();
    };
    void withAttribution({ tenant: 'who started the consumer' }, () => channel.consume(queue, take));
  });
  await connection.close();
  return seen;
}

async function kafkajs() {
  const kafka = new Kafka({ brokers: [process.env.KAFKA_BROKER], logLevel: logLevel.NOTHING });
  const topic = `hops-${process.pid}`;
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
  const producer = kafka.producer();
  await producer.connect();
  const send = (...values) => producer.send({ topic, messages: values.map((value) => ({ value })) });
  await withAttribution(ACME, () => send('of acme'));
  await send('of nobody');
  await withAttribution({ tenant: 'globex' }, () =>
    producer.sendBatch({ topicMessages: [{ topic, messages: [{ value: 'of globex' }] }] }),
  );
  const consumer = kafka.consumer({ groupId: topic });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const seen = {};
  await new Promise((done) => {
    const eachMessage = async ({ message }) => {
      seen[message.value.toString()] = getAttribution();
      if (Object.keys(seen).length === 3) done();
    };
    void withAttribution({ tenant: 'who started the consumer' }, () => consumer.run({ eachMessage }));
  });
  await Promise.all([consumer.disconnect(), producer.disconnect()]);
  await admin.deleteTopics({ topics: [topic] });
  await admin.disconnect();
  return seen;
}

const all = {};
for (const [name, run] of Object.entries(hops)) all[name] = await run();
process.stdout.write(JSON.stringify(all));
