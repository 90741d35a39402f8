/**
 * Parses an attribute whose value is JSON, or a Python dictionary printed as such (`{'input': 3, 'cost': None}`), which
 * gateways written in Python send by mistake.
 *
 * @returns undefined where it is neither
 */
export function parseDict(text: string): unknown {
  return parseJson(text) ?? parseJson(fromPython(text));
}

function parseJson(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // A sender's value that is no JSON says nothing; the missing usage or cost is what gets reported.
    return undefined;
  }
}

/** Empty where a quote or a backslash inside a string would make the reading a guess. */
function fromPython(text: string): string {
  if (!text.startsWith('{') || /["\\]/.test(text)) return '';
  return text
    .split("'")
    .map((part, i) =>
      i % 2 === 1 ? part : part.replaceAll(/\b(?:None|True|False)\b/g, (word) => JSON_WORDS[word] ?? ''),
    )
    .join('"');
}

const JSON_WORDS: Readonly<Record<string, string>> = { None: 'null', True: 'true', False: 'false' };
