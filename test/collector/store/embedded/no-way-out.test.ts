import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestStore } from '../../../support/engine.js';
import { startTestStore } from '../../../support/engine.js';
import { startCountingServer } from '../../../support/counting-server.js';

let test: TestStore;
beforeAll(async () => {
  test = await startTestStore();
});
afterAll(async () => test[Symbol.asyncDispose]());

describe('a file of this machine', () => {
  const ways = (file: string): string[] => [
    `SELECT file('${file}')`,
    `SELECT file('${file}', 'none')`,
    `SELECT file('../../../../../../../..${file}')`,
    `SELECT 1 FORMAT Template SETTINGS format_template_row = '${file}'`,
    `SELECT 1 FORMAT Template SETTINGS format_template_resultset = '${file}'`,
    `SELECT 1 FORMAT Protobuf SETTINGS format_schema = '${file}:Message'`,
    `SELECT * FROM file('${file}', LineAsString)`,
    `SELECT 1 INTO OUTFILE '${file}.copy'`,
  ];

  it.each(['reader', 'default'])(
    'is read and written by no query of %s, also when it has just started',
    async (user) => {
      const file = join(test.dataDir, 'waybill.password');
      const password = user === 'reader' ? (await readFile(join(test.dataDir, 'reader.password'), 'utf8')).trim() : '';
      const ask = async (body: string) => {
        const headers = { 'x-clickhouse-user': user, 'x-clickhouse-key': password };
        const answer = await fetch(test.address.url, { method: 'POST', headers, body });
        return { status: answer.status, text: await answer.text() };
      };
      expect(await ask('SELECT 1')).toEqual({ status: 200, text: '1\n' });
      for (const sql of ways(file)) {
        const { status, text } = await ask(sql);
        expect(status, sql).toBeGreaterThanOrEqual(400);
        expect(text, sql).not.toContain(test.address.password);
      }
      await expect(stat(`${file}.copy`)).rejects.toThrow();
      // Nobody is served before the door is shut: whoever asks all the time is first refused a connection, then the file.
      const before = test.engine.pid();
      if (before === undefined) throw new Error('There is no server to kill.');
      process.kill(before, 'SIGKILL');
      const answers = new Set<string>();
      for (let left = 20; left > 0;) {
        const answer = await ask(`SELECT file('${file}')`).catch(() => null);
        if (answer === null) await sleep(2);
        else {
          answers.add(answer.text);
          left -= 1;
        }
      }
      expect([...answers].join('\n')).not.toContain(test.address.password);
    },
  );
});

it.each(['reader', 'default'])(
  'an address is asked for nothing by a query of %s, nor by what is sent along',
  async (user) => {
    const server = await startCountingServer();
    const password = user === 'reader' ? (await readFile(join(test.dataDir, 'reader.password'), 'utf8')).trim() : '';
    const form = new FormData();
    form.set('sent', new Blob([Uint8Array.of(0, 0, 0, 0, 1, 2, 65)]), 'sent');
    const params = new URLSearchParams({
      query: 'SELECT * FROM sent',
      sent_format: 'AvroConfluent',
      sent_structure: 'a String',
      format_avro_schema_registry_url: `http://127.0.0.1:${server.port}/`,
    });
    const headers = { 'x-clickhouse-user': user, 'x-clickhouse-key': password };
    const asked = await fetch(`${test.address.url}/?${params.toString()}`, { method: 'POST', body: form, headers });
    expect(await asked.text()).toContain('format_avro_schema_registry_url should not be changed');
    expect(server.connections()).toBe(0);
    server.close();
  },
);
