/** What became of a value between two stations. */
export type Change = 'absent' | 'kept' | 'lost' | 'gained' | 'changed';

/**
 * Says for each station of a route what became of a value on the hop that led there.
 *
 * @param shown per station, the distinct values that it shows
 * @returns one a station; before the first there is no hop: its change is `kept`, or `absent`
 */
export function changesOf(shown: readonly (readonly string[])[]): Change[] {
  return shown.map((after, i) => changeBetween(shown[i - 1] ?? after, after));
}

function changeBetween(before: readonly string[], after: readonly string[]): Change {
  if (JSON.stringify(before) === JSON.stringify(after)) return after.length === 0 ? 'absent' : 'kept';
  if (after.length === 0) return 'lost';
  return before.length === 0 ? 'gained' : 'changed';
}
