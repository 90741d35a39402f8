import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';
import { describe, expect, it } from 'vitest';
import { questions } from '../../../collector/api/questions.js';
import { packagePath } from '../../../collector/package-path.js';
import { ANYONE } from '../../../collector/keys/key-ring.js';
import type { Store } from '../../../collector/store/client.js';
import { contract } from '../../support/contract.js';

const SQL = /\b(SELECT|INSERT INTO|FROM|WHERE|GROUP BY|ORDER BY|LIMIT|FORMAT|CREATE|ALTER|DELETE|KILL)\b/;

/**
 * All that may be put into a statement as text, each of it ours: constants in capitals, and what is built from such by
 * the function or constant of that name in the same file. What comes from outside is bound: `{name: Type}`.
 */
const OURS = [
  // Conditions, whose values are bound beside them.
  'sql',
  'where',
  'fated',
  'inWindow',
  'WITHIN',
  // Lists of columns.
  'columns',
  'payloadColumns',
  'spanSelect',
  'FINDINGS',
  'dimensions',
  'names',
  'questionSchema',
  'severitySchema',
  'COLUMNS',
  'ATTRIBUTES',
  'WAYS',
  'SHOWN',
  'KEYS',
  'by',
  'verdictSchema',
  'VALUE_PATTERNS',
  // Pieces of statements.
  'known',
  'attribute',
  'brokeAt',
  'fateOf',
  'holding',
  'isCarried',
  'isLost',
  'seen',
  'sums',
  'sumsOf',
  'ofWay',
  'newestOfSql',
  'newestInWaySql',
  'FILED',
  'DECIDED',
  'formatted',
  'usd',
  'MICROS',
  'DAY_BY_DAY',
  // The databases of a cluster, whose names hold letters and digits alone.
  'database',
  'local',
  // A hash of what an insert is about: a setting takes no parameter.
  'settings',
  // What is forgotten, and how: constants, by kind of subject. Whom, is bound when it is put into a table.
  'VALUE',
  'KEYS',
  'PATTERN',
  'OWNER',
  'NAMED',
  'VALUES_OF_SPAN',
  'ATTRIBUTES_OF_RECORD',
  'RECORD_NAMES_IT',
  'WHOLE',
  'SHARED',
  'SPANS',
  'WHOLE_OR_SPANS',
  'OWN_WHOLE',
  // The name of our database, checked, or made from it.
  'store',
  'draft',
  'owner',
  'kind',
  'change',
  'fields',
  // A whole number.
  'days',
  // Names that are checked when they come in: `CLICKHOUSE_URL` takes letters, digits and _ alone.
  'table',
  'address',
  // Either a fixed text or none.
  'after',
  'last',
  // What a callback calls an element of the above.
  'name',
  'one',
  'column',
  'i',
  'bit',
  '_',
];

/** Names in expressions that are put into statements, file by file. */
function namesInStatements(file: string): string[] {
  const text = readFileSync(packagePath('collector', file), 'utf8');
  const names = new Set<string>();
  new Visitor({
    TemplateLiteral: ({ quasis, expressions }) => {
      if (!quasis.some(({ value }) => SQL.test(value.raw))) return;
      for (const { start, end } of expressions) {
        const { program } = parseSync('expression.ts', `(${text.slice(start, end)})`);
        const properties = new Set<number>();
        new Visitor({
          MemberExpression: ({ computed, property }) => {
            if (!computed) properties.add(property.start);
          },
        }).visit(program);
        new Visitor({
          Identifier: (identifier) => {
            if (!properties.has(identifier.start) && identifier.name !== 'undefined') names.add(identifier.name);
          },
        }).visit(program);
      }
    },
    BinaryExpression: ({ operator, left, right }) => {
      for (const side of [left, right]) {
        if (operator !== '+' || side.type !== 'Literal' || typeof side.value !== 'string') continue;
        if (/\b(SELECT|INSERT INTO|WHERE)\b/.test(side.value)) names.add(`${file}: a statement put together with +`);
      }
    },
  }).visit(parseSync(file, text).program);
  return [...names];
}

describe('what comes from outside', () => {
  const files = readdirSync(packagePath('collector'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/^(cli|web)\//.test(file))
    // The server's own users and start, where nothing comes from outside, and which are no queries.
    .filter((file) => !file.startsWith(join('store', 'embedded')));

  it('is put into no statement as text: names that are not ours are named here', () => {
    const seen = files.flatMap(namesInStatements);
    expect(seen).toContain('sql');
    expect(seen.filter((name) => !OURS.includes(name))).toEqual([]);
  });

  // The rules are the program's own, and who asks is known: nothing is asked of the store.
  const asking = questions.filter(({ path }) => path !== '/rules' && path !== '/account');
  it.each(asking.map((one) => [one.path, one] as const))('is bound by the question %s', async (_path, question) => {
    const canary = (name: string): string => `canary-${name}'); DROP TABLE spans; --`;
    const hostile = Object.fromEntries(
      ['tenant', 'feature', 'policy', 'service']
        .filter((name) => name in question.query.shape)
        .map((name) => [name, canary(name)]),
    );
    const statements: string[] = [];
    const bound: unknown[] = [];
    const watch = async (sql: string, params?: unknown): Promise<never[]> => {
      statements.push(sql);
      bound.push(params);
      return [];
    };
    const none = async (): Promise<Uint8Array> => new Uint8Array();
    const store: Store = {
      database: 'waybill',
      rows: watch,
      command: async (sql, params) => void (await watch(sql, params)),
      selectRowBinary: async (sql, params) => watch(sql, params).then(none),
      insertRowBinary: async () => {},
      hold: async () => null,
      close: async () => {},
      [Symbol.asyncDispose]: async () => {},
    };
    const by = contract({
      policies: [{ id: canary('policy'), match: { tenant: ['acme'] }, limit: { usd: 1, per: 'day' } }],
    });
    // An answer of nothing may be too little for the question; what it sent before counts.
    await question
      .answer(hostile, { store, contract: by, nowUs: 1_793_620_800_000_000, caller: ANYONE, note: () => {} })
      .catch(() => undefined);
    expect(statements.length).toBeGreaterThan(0);
    expect(statements.join('\n')).not.toContain('canary');
    for (const value of Object.values(hostile)) {
      if (question.path !== '/simulate') expect(JSON.stringify(bound)).toContain(JSON.stringify(value).slice(1, -1));
    }
  });
});
