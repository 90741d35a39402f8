import { get, isMethod, isObject, wrapMethod } from './unknown-value.js';

/**
 * Lets an application end while spans are being sent: by itself OpenTelemetry keeps a process that has finished running
 * until a collector has answered or ten seconds are over. What waits for the end, such as `flushAtExit`, has to hold the
 * process itself.
 *
 * The names of the parts are those of the SDK's 2.12 and the exporters' 0.223; where a version has others, the process
 * is held as OpenTelemetry holds it.
 *
 * @param batches the processor that sends batches
 * @param exporter the OTLP exporter that it sends them by
 */
export function releaseProcess(batches: object, exporter: object): void {
  wrapWithIdleTimers(batches, '_flushOneBatch');
  const transport: unknown = get(exporter, '_delegate', '_transport');
  if (!isObject(transport)) return;
  wrapWithIdleTimers(transport, 'retry');
  const parameters: unknown = get(transport, '_transport', '_parameters');
  if (!isObject(parameters)) return;
  wrapMethod(parameters, 'agentFactory', (original) => {
    return async function (...args) {
      const agent = await original.apply(this, args);
      if (isObject(agent)) for (const name of ['createConnection', 'reuseSocket']) wrapWithIdleSocket(agent, name);
      return agent;
    };
  });
}

/** Timers that a method sets do not keep the process running. It must set them before it returns. */
function wrapWithIdleTimers(target: object, name: string): void {
  wrapMethod(target, name, (original) => {
    return function (...args) {
      const { setTimeout } = globalThis;
      const idle = (...set: Parameters<typeof setTimeout>): NodeJS.Timeout => setTimeout(...set).unref();
      // Nobody else runs meanwhile. There is no other way to a timer that the method keeps to itself.
      globalThis.setTimeout = Object.assign(idle, setTimeout);
      try {
        return original.apply(this, args);
      } finally {
        globalThis.setTimeout = setTimeout;
      }
    };
  });
}

/** The socket that a method of an agent makes or takes up again does not keep the process running. */
function wrapWithIdleSocket(agent: object, name: string): void {
  wrapMethod(agent, name, (original) => {
    return function (...args) {
      const made = original.apply(this, args);
      for (const socket of [made, args[0]]) {
        const unref: unknown = get(socket, 'unref');
        if (isMethod(unref)) unref.call(socket);
      }
      return made;
    };
  });
}
