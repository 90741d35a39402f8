/** A request that is not what it claims to be: sending it again will not help. The message is for a person. */
export class MalformedRequest extends Error {
  override readonly name = 'MalformedRequest';
}

/** More spans in one request than are taken at once. The same spans in smaller requests are welcome. */
export class TooManySpans extends Error {
  override readonly name = 'TooManySpans';
}
