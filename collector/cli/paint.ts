import type { WriteStream } from 'node:tty';

/** Colours text for a terminal, or leaves it as it is. */
export interface Paint {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly doubtful: (text: string) => string;
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
}

/**
 * Chooses colours for a stream: on a terminal, unless `NO_COLOR` is set; anywhere, where `FORCE_COLOR` is.
 * https://no-color.org
 */
export function paint(stream: Pick<WriteStream, 'isTTY'>, env: NodeJS.ProcessEnv = process.env): Paint {
  const forced = env['FORCE_COLOR'];
  const isOn = forced !== undefined ? forced !== '0' : stream.isTTY && (env['NO_COLOR'] ?? '') === '';
  const code = (open: number, close: number) => (text: string) =>
    isOn && text !== '' ? `\u001B[${open}m${text}\u001B[${close}m` : text;
  return { good: code(32, 39), bad: code(31, 39), doubtful: code(33, 39), strong: code(1, 22), faint: code(2, 22) };
}
