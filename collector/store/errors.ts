/** The store cannot take or give anything now; whoever asks again later may succeed. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  /** After how many seconds to ask again. */
  readonly retryAfterSeconds: number;

  constructor(message: string, options: { cause?: unknown; retryAfterSeconds?: number } = {}) {
    super(message, { cause: options.cause });
    this.retryAfterSeconds = options.retryAfterSeconds ?? 2;
  }
}

/** ClickHouse understood the request and refused it: asking again will not help. */
export class QueryRefused extends Error {
  override readonly name = 'QueryRefused';
}
