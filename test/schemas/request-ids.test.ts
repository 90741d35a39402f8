import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { packagePath } from '../../collector/package-path.js';
import { REQUEST_ID_KEYS } from '../../schemas/attributes.js';

it('the ids of requests by which records find spans are the same in the database as in the code', () => {
  const sql = readFileSync(packagePath('schemas', 'clickhouse', '0003_payloads.sql'), 'utf8');
  const lists = [...sql.matchAll(/name IN \(([^)]*)\)/g)].map(([, list = '']) =>
    list.split(',').map((key) => key.trim().slice(1, -1)),
  );
  expect(lists).toEqual([REQUEST_ID_KEYS, REQUEST_ID_KEYS]);
});
