/** There is no memory to give now; there will be when other requests are done. */
export class OverBudget extends Error {
  override readonly name = 'OverBudget';
}

/** What one request holds of the memory that all of them share. */
export interface ByteShare {
  /** @throws OverBudget */
  readonly take: (bytes: number) => void;
  readonly giveBack: (bytes: number) => void;
  /** Holds this much in place of all before; for what is made of bytes that were taken. */
  readonly holdOnly: (bytes: number) => void;
  /** Gives back all that is held; may be called twice. */
  readonly end: () => void;
}

/**
 * Shares out a number of bytes among requests. Who comes while nobody else holds any always gets what it asks for:
 * the limit for a single request is another one.
 */
export function createByteBudget(maxBytes: number): {
  readonly open: () => ByteShare;
  readonly heldBytes: () => number;
} {
  let heldBytes = 0;

  function open(): ByteShare {
    let own = 0;
    const giveBack = (bytes: number): void => {
      own -= bytes;
      heldBytes -= bytes;
    };
    return {
      take: (bytes) => {
        if (heldBytes > own && heldBytes + bytes > maxBytes) {
          throw new OverBudget(`Requests of ${heldBytes} bytes are in work already. Send this one again later.`);
        }
        own += bytes;
        heldBytes += bytes;
      },
      giveBack,
      holdOnly: (bytes) => giveBack(own - bytes),
      end: () => giveBack(own),
    };
  }

  return { open, heldBytes: () => heldBytes };
}
