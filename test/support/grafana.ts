/**
 * Puts values in place of Grafana's macros as its ClickHouse data source does, and of its variables as Grafana does.
 * https://github.com/grafana/clickhouse-datasource/blob/main/pkg/macros/macros.go
 *
 * @param variables what to put in place of `${name:sqlstring}`
 * @throws Error where something of Grafana's is left that it does not know
 */
export function asGrafanaSends(
  sql: string,
  { fromMs, toMs, intervalMs }: { readonly fromMs: number; readonly toMs: number; readonly intervalMs: number },
  variables: Readonly<Record<string, string>>,
): string {
  const time = (ms: number): string => `toDateTime(${Math.floor(ms / 1_000)})`;
  const date = (ms: number): string => `toDate('${new Date(ms).toISOString().slice(0, 10)}')`;
  const between = (column: string, of: (ms: number) => string): string =>
    `${column} >= ${of(fromMs)} AND ${column} <= ${of(toMs)}`;
  const seconds = Math.max(1, Math.floor(intervalMs / 1_000));
  const macros: Readonly<Record<string, (...args: string[]) => string>> = {
    timeFilter: (column = '') => between(column, time),
    dateTimeFilter: (day = '', column = '') => `(${between(day, date)}) AND (${between(column, time)})`,
    timeInterval: (column = '') => `toStartOfInterval(toDateTime(${column}), INTERVAL ${seconds} second)`,
  };
  const sent = sql
    .replaceAll(/\$__(\w+)\(([^)]*)\)/g, (_, name: string, args: string) => {
      const macro = macros[name];
      if (macro === undefined) throw new Error(`The macro $__${name} is not known.`);
      return macro(...args.split(',').map((one) => one.trim()));
    })
    .replaceAll(/\$\{(\w+):sqlstring\}/g, (_, name: string) => {
      const value = variables[name];
      if (value === undefined) throw new Error(`The variable ${name} is not known.`);
      return value;
    });
  if (sent.includes('$')) throw new Error(`Something of Grafana's is left: ${sent}`);
  return sent;
}
