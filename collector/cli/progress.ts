import type { WriteStream } from 'node:tty';

const WIDTH = 30;

/**
 * Shows on a stream how far long work has come: a bar that fills on a terminal, a line each tenth elsewhere.
 *
 * @param what the things that are counted, such as `traces`
 */
export function progressOn(
  stream: Pick<WriteStream, 'isTTY' | 'write'>,
  what: string,
): (done: number, of: number) => void {
  let tenths = 0;
  return (done, of) => {
    const share = of === 0 ? 1 : done / of;
    if (stream.isTTY) {
      const filled = Math.round(share * WIDTH);
      const end = done >= of ? '\n' : '';
      stream.write(`\r${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${done} of ${of} ${what}${end}`);
    } else if (Math.floor(share * 10) > tenths) {
      tenths = Math.floor(share * 10);
      stream.write(`${done} of ${of} ${what}\n`);
    }
  };
}
