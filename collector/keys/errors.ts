/** Nobody is known to have sent the request: it has no key, or one that is not good. The message is for a person. */
export class NoKey extends Error {
  override readonly name = 'NoKey';
}

/** Whoever sent the request is known, and may not do this. The message is for a person. */
export class NotAllowed extends Error {
  override readonly name = 'NotAllowed';
}
