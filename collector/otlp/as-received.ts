/** A request as it came, with what says how to read it. */
export interface AsReceived {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  /** Null: it was not packed. */
  readonly contentEncoding: string | null;
  /** The `Via` that it came with. */
  readonly via: string | undefined;
}
