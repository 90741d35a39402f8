/** How a request that was not passed on is answered. */
export type NotForwardedStatus = 400 | 413 | 429 | 500 | 503 | 508;

/** A request that was not passed on. The message is for whoever sent it. */
export class NotForwarded extends Error {
  override readonly name = 'NotForwarded';
  readonly status: NotForwardedStatus;
  /** After how many seconds to send it again; null: never. */
  readonly retryAfterSeconds: number | null;

  constructor(status: NotForwardedStatus, message: string, retryAfterSeconds: number | null = null) {
    super(message);
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
