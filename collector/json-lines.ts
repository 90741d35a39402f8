import { MalformedRequest } from './otlp/errors.js';

/**
 * The JSON values in a text: the one that it is, the members of the list that it is, or one a line.
 *
 * @throws MalformedRequest that names the line
 */
export function* jsonValues(text: string): Iterable<unknown> {
  const whole = parsed(text);
  if (whole !== undefined) {
    if (Array.isArray(whole)) yield* whole;
    else yield whole;
    return;
  }
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const value = parsed(line);
    if (value === undefined) throw new MalformedRequest(`line ${i + 1} is not JSON.`);
    yield value;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
}
