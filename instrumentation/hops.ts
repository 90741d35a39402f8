import { FastifyOtelInstrumentation } from '@fastify/otel';
import type { Instrumentation } from '@opentelemetry/instrumentation';
import { AmqplibInstrumentation } from '@opentelemetry/instrumentation-amqplib';
import { GrpcInstrumentation } from '@opentelemetry/instrumentation-grpc';
import { KafkaJsInstrumentation } from '@opentelemetry/instrumentation-kafkajs';
import { BullMqInstrumentation } from './bullmq.js';

/** The modules of them that have to be hooked when an ES module imports them; Fastify announces itself. */
export const hopModules = [
  '@grpc/grpc-js',
  'amqplib',
  'amqplib/callback_api',
  'amqplib/callback_api.js',
  'kafkajs',
  'bullmq',
];

/** What takes attribution over the hops of a service other than plain HTTP: Fastify, gRPC and queues. */
export function hopInstrumentations(): Instrumentation[] {
  return [
    // Its spans of hooks and handlers run in the context of the request's begin, and what `waybill/fastify` says of a
    // request afterwards would not be seen there.
    new FastifyOtelInstrumentation({
      registerOnInitialization: true,
      instrumentHooks: false,
      instrumentHandler: false,
    }),
    new GrpcInstrumentation(),
    new AmqplibInstrumentation(),
    new KafkaJsInstrumentation(),
    new BullMqInstrumentation(),
  ];
}
