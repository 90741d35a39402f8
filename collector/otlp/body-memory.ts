/** The bytes of one body, gathered in one place as they come. */
export interface GatheredBytes {
  /** @param expected bytes that there will be in all, as far as anybody said */
  readonly append: (chunk: Uint8Array, expected?: number) => void;
  /** All that was appended; nobody may hold on to it once it is freed. */
  readonly bytes: () => Buffer;
  /** Lets others have the memory; may be called twice. */
  readonly free: () => void;
}

const STEP_BYTES = 64 * 1024;
/** What is only announced gets no more than this. */
const TRUSTED_BYTES = 1024 * 1024;

/**
 * Lends memory for bodies, the same again and again. Left to the garbage collector, under a flood a gigabyte of bodies
 * that are long done is waiting to be freed.
 *
 * @param maxIdleBytes more is not kept for later
 */
export function createBodyMemory(maxIdleBytes: number): { readonly open: () => GatheredBytes } {
  const idle: Buffer[] = [];
  let idleBytes = 0;

  function lend(bytes: number): Buffer {
    const place = idle.findIndex(({ length }) => length >= bytes && length <= 2 * bytes + STEP_BYTES);
    const [found] = place === -1 ? [] : idle.splice(place, 1);
    if (found === undefined) return Buffer.allocUnsafeSlow(Math.ceil(bytes / STEP_BYTES) * STEP_BYTES);
    idleBytes -= found.length;
    return found;
  }

  function giveBack(buffer: Buffer): void {
    if (buffer.length === 0 || buffer.length > maxIdleBytes) return;
    idle.push(buffer);
    idleBytes += buffer.length;
    // The oldest of another size than is wanted now.
    while (idleBytes > maxIdleBytes) idleBytes -= idle.shift()?.length ?? 0;
  }

  function open(): GatheredBytes {
    let held: Buffer = Buffer.alloc(0);
    let size = 0;

    function grow(least: number, expected: number): void {
      const trusted = size + least >= TRUSTED_BYTES ? expected : Math.min(expected, TRUSTED_BYTES);
      const larger = lend(Math.max(size + least, 2 * held.length, trusted));
      held.copy(larger, 0, 0, size);
      giveBack(held);
      held = larger;
    }

    return {
      append: (chunk, expected = 0) => {
        if (size + chunk.length > held.length) grow(chunk.length, expected);
        held.set(chunk, size);
        size += chunk.length;
      },
      bytes: () => held.subarray(0, size),
      free: () => {
        giveBack(held);
        held = Buffer.alloc(0);
        size = 0;
      },
    };
  }

  return { open };
}
