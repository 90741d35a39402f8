/** What is done for a stream that its reader leaves. */
interface Open {
  readonly onLeft: () => void;
}

/** What is known when a stream that was left is collected: nothing here may lead back to the stream. */
const leftBehind = new FinalizationRegistry<Open>(({ onLeft }) => onLeft());

/**
 * Tells when the reader of a stream leaves it: it cancels the stream, or lets go of it, which is known as soon as the
 * garbage collector has found that nobody can read on. The stream is the same to whoever pipes it on, and that is all
 * that is watched: it must not be replaced, since it may be known elsewhere.
 *
 * @param hasFailed whether a part says that the stream failed: who cancels it then does not leave it
 * @param onLeft must not refer to the stream
 */
export function watchLeaving(
  stream: ReadableStream<unknown>,
  hasFailed: (part: unknown) => boolean,
  onLeft: () => void,
): void {
  Object.defineProperty(stream, 'pipeThrough', {
    configurable: true,
    value: (...args: Parameters<ReadableStream<unknown>['pipeThrough']>) =>
      passedOn(stream, hasFailed, onLeft).pipeThrough(...args),
  });
}

/** Reads only when it is read from, so that nothing but its reader holds it. */
function passedOn(
  stream: ReadableStream<unknown>,
  hasFailed: (part: unknown) => boolean,
  onLeft: () => void,
): ReadableStream<unknown> {
  const reader = stream.getReader();
  const open = { onLeft };
  let isFailed = false;
  const passed = new ReadableStream<unknown>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          isFailed ||= hasFailed(value);
          if (!done) return controller.enqueue(value);
          controller.close();
        } catch (error) {
          controller.error(error);
        }
        leftBehind.unregister(open);
      },
      cancel(reason) {
        leftBehind.unregister(open);
        if (!isFailed) onLeft();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  leftBehind.register(passed, open, open);
  return passed;
}
