/** A function of which only the name is known: what packages do not export has no type. */
export type Method = (this: unknown, ...args: unknown[]) => unknown;

/** A property of whatever it may be; undefined where it has none. */
export function get(from: unknown, ...path: readonly string[]): unknown {
  let value = from;
  for (const key of path) value = isObject(value) || isMethod(value) ? Reflect.get(value, key) : undefined;
  return value;
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

export function isMethod(value: unknown): value is Method {
  return typeof value === 'function';
}

export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return isObject(value) && Symbol.asyncIterator in value;
}

/** Puts another function in the place of a method; where there is none of that name, nothing is done. */
export function wrapMethod(target: object, name: string, around: (original: Method) => Method): void {
  const original: unknown = Reflect.get(target, name);
  if (isMethod(original)) Reflect.set(target, name, around(original));
}
