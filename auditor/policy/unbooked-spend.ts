/** Spend of a call that is not in the budget yet. */
interface Unbooked {
  readonly atUs: number;
  readonly costPico: bigint;
}

/** What was let through and is on its way into the books. */
export interface UnbookedSpend {
  /** Takes a call that was let through. */
  readonly admit: (call: { readonly endUs: number; readonly costPico: bigint }) => void;
  /** Ends a running call where another one is about to start and no place is free. */
  readonly makeRoom: (nowUs: number) => void;
  /** Hands over, in order of time, what is booked up to a moment. */
  readonly bookUntil: (nowUs: number, book: (spend: Unbooked) => void) => void;
}

/**
 * Keeps spend back until the call has ended and its report has arrived.
 *
 * @param delayUs how long after its end a call is booked
 * @param inFlight how many calls run at a time at most; null: as many as really did. Times are never moved: where
 * history had more, the oldest counts as ended when the next one starts
 */
export function createUnbookedSpend(delayUs: number, inFlight: number | null): UnbookedSpend {
  let running: { readonly endUs: number; readonly costPico: bigint }[] = [];
  const waiting: Unbooked[] = [];
  const report = (endUs: number, costPico: bigint): void => push(waiting, { atUs: endUs + delayUs, costPico });
  const endUntil = (nowUs: number): void => {
    if (running.length === 0) return;
    for (const { endUs, costPico } of running) if (endUs <= nowUs) report(endUs, costPico);
    running = running.filter(({ endUs }) => endUs > nowUs);
  };
  return {
    admit: (call) => {
      if (inFlight === null) report(call.endUs, call.costPico);
      else running.push(call);
    },
    makeRoom: (nowUs) => {
      if (inFlight === null) return;
      endUntil(nowUs);
      while (running.length >= inFlight) {
        const oldest = running.shift();
        if (oldest === undefined) return;
        report(nowUs, oldest.costPico);
      }
    },
    bookUntil: (nowUs, book) => {
      endUntil(nowUs);
      for (let first = waiting[0]; first !== undefined && first.atUs <= nowUs; first = waiting[0]) {
        pop(waiting);
        book(first);
      }
    },
  };
}

/** Adds to a binary heap whose least time is at index 0: delays hold back thousands, which sorting would not bear. */
function push(heap: Unbooked[], added: Unbooked): void {
  let at = heap.length;
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || parent.atUs <= added.atUs) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = added;
}

function pop(heap: Unbooked[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    const right = left + 1;
    const below = (heap[right]?.atUs ?? Infinity) < (heap[left]?.atUs ?? Infinity) ? right : left;
    const child = heap[below];
    if (child === undefined || child.atUs >= last.atUs) break;
    heap[at] = child;
    at = below;
  }
  heap[at] = last;
}
