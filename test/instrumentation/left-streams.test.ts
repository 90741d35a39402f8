import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, vi } from 'vitest';
import { watchLeaving } from '../../instrumentation/left-streams.js';

/** Gives a pipe of three parts, one of which may say that the stream failed. */
function piped(parts: readonly string[], onLeft: () => void): ReadableStream<unknown> {
  const stream = new ReadableStream<unknown>({
    start(controller) {
      for (const part of parts) controller.enqueue(part);
      controller.close();
    },
  });
  watchLeaving(stream, (part) => part === 'error', onLeft);
  return stream.pipeThrough(new TransformStream());
}

const PARTS = ['a', 'b', 'c', 'd', 'e', 'f'];

describe('a stream', () => {
  it('that is read to its end is not left, and is whole', async () => {
    const onLeft = vi.fn();
    const read: unknown[] = [];
    for await (const part of piped(PARTS, onLeft)) read.push(part);
    await collect();
    expect(read).toEqual(PARTS);
    expect(onLeft).not.toHaveBeenCalled();
  });

  it('that is cancelled is left', async () => {
    const onLeft = vi.fn();
    for await (const part of piped(PARTS, onLeft)) if (part === 'b') break;
    await vi.waitFor(() => expect(onLeft).toHaveBeenCalledOnce());
  });

  it('that is cancelled since it failed is not left', async () => {
    const onLeft = vi.fn();
    for await (const part of piped(['a', 'error', 'b', 'c', 'd'], onLeft)) if (part === 'error') break;
    await collect();
    expect(onLeft).not.toHaveBeenCalled();
  });

  it('that nobody holds any more is left, also where it was split and neither half was cancelled', async () => {
    const onLeft = vi.fn();
    await (async () => {
      const [half] = piped(PARTS, onLeft).tee();
      await half.getReader().read();
    })();
    await vi.waitFor(
      async () => {
        await collect();
        expect(onLeft).toHaveBeenCalledOnce();
      },
      { timeout: 4_000 },
    );
  });
});

/** Has everything collected that nothing refers to. */
async function collect(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  if (typeof gc !== 'function') throw new Error('This Node has no garbage collector to be called.');
  await delay(10);
  Reflect.apply(gc, undefined, []);
  await delay(10);
}
