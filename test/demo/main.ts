import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { paint as paintFor } from '../../collector/cli/paint.js';
import { freePort } from '../support/free-port.js';
import type { Questions } from './ask.js';
import { askAt } from './ask.js';
import { differences, expectedCalls, expectedFindings } from './expectations.js';
import { faults } from './faults.js';
import type { Launched } from './launch.js';
import { launch } from './launch.js';
import { gapText, gateLines, planText, scoreText } from './print.js';
import type { Services } from './services.js';
import { packageRoot, startServices } from './services.js';
import { errands, send } from './traffic.js';

const paint = paintFor(process.stdout);
const isKept = process.argv.includes('--keep');
const started: AsyncDisposable[] = [];
let isInProgress = false;

process.once('SIGINT', () => void end().then(() => process.exit(130)));
process.once('SIGTERM', () => void end().then(() => process.exit(143)));

try {
  process.exitCode = await run();
} catch (error) {
  console.error(paint.bad(error instanceof Error ? error.message : String(error)));
  process.exitCode = 1;
} finally {
  await end();
}

/** Stages the faults, lets Waybill find them, and tells; 0 where it found these and no others, else 1. */
async function run(): Promise<number> {
  heading('Faults that are staged');
  console.log(planText(paint));
  heading('Run');
  const { waybill, otlpUrl, apiUrl, dataDir } = await startWaybill();
  const services = keep(await startServices(otlpUrl));
  console.log(
    `  ${1 + services.running.length} processes: waybill, ${services.running.map(({ name }) => name).join(', ')}`,
  );
  await sendAll(services);
  const ask = askAt(apiUrl);
  const calls = await ask.settled(expectedCalls(), (now) => progress('calls audited', now, expectedCalls()));
  progressEnd();
  const problems = await report(ask, services, calls);
  if (isKept) await untilToldToStop(apiUrl, otlpUrl, services, dataDir);
  for (const line of problems) console.log(paint.bad(`  ${line}`));
  if (problems.length > 0)
    for (const line of waybill.errorLines().slice(-10)) console.log(paint.faint(`  waybill: ${line}`));
  return problems.length === 0 ? 0 : 1;
}

async function startWaybill(): Promise<{ waybill: Launched; otlpUrl: string; apiUrl: string; dataDir: string }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'waybill-demo-'));
  keep({ [Symbol.asyncDispose]: () => rm(dataDir, { recursive: true, force: true }) });
  const [otlp, api, http, native] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const flags = {
    data: dataDir,
    contract: join(packageRoot, 'test', 'demo', 'waybill.yaml'),
    'otlp-port': otlp,
    'grpc-port': 'off',
    'api-port': api,
    'clickhouse-port': http,
    'clickhouse-native-port': native,
    quiet: '3s',
    'log-level': 'warn',
  };
  const waybill = keep(
    await launch({
      name: 'waybill',
      args: [
        '--import',
        join(packageRoot, 'dist', 'test', 'demo', 'lifeline.js'),
        join(packageRoot, 'dist', 'collector', 'cli', 'main.js'),
        'serve',
        ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]),
      ],
      cwd: packageRoot,
      // The receiver is the last thing that starts.
      port: otlp,
    }),
  );
  return { waybill, otlpUrl: `http://127.0.0.1:${otlp}`, apiUrl: `http://127.0.0.1:${api}`, dataDir };
}

async function sendAll({ webUrl }: Services): Promise<void> {
  const list = errands();
  let answered = 0;
  await send(webUrl, list, 6, () => {
    answered += 1;
    if (answered % 10 === 0 || answered === list.length) progress('requests answered', answered, list.length);
  });
  progressEnd();
}

/** Prints what Waybill says; gives back what it should have said otherwise. */
async function report(ask: Questions, services: Services, calls: number): Promise<string[]> {
  heading('What the senders were told, in their own logs');
  const hints = services.running.flatMap(({ name, errorLines }) =>
    errorLines().flatMap((line) => (line.includes('Partial Success') ? [`  ${paint.strong(name)}: ${line}`] : [])),
  );
  console.log(hints.length === 0 ? paint.bad('  nothing') : hints.join('\n'));
  const gaps = await ask.gaps();
  heading('Gaps');
  console.log(gapText(gaps, paint));
  heading('Score, beside what a dashboard shows');
  console.log(scoreText(await ask.score(), paint));
  heading('May budgets be enforced? The gate, tenant by tenant');
  const problems = [
    ...(await gateProblems(ask)),
    ...(hints.length === 0 ? ['no sender was told what its spans lack'] : []),
  ];
  if (calls !== expectedCalls()) problems.push(`expected ${expectedCalls()} calls, found ${calls}`);
  problems.push(
    ...differences(
      gaps.filter(({ severity }) => severity === 'error'),
      expectedFindings(),
    ),
  );
  heading('Found as staged?');
  console.log(
    problems.length === 0
      ? paint.good(
          `  Yes: all ${expectedFindings().length} kinds of error, each on the right calls and at its hop, and no other.`,
        )
      : paint.bad('  No:'),
  );
  return problems;
}

async function gateProblems(ask: Questions): Promise<string[]> {
  const problems: string[] = [];
  for (const { name, tenants } of faults) {
    for (const tenant of tenants) {
      const answer = await ask.gate(tenant);
      console.log(gateLines(tenant, answer, paint).join('\n'));
      if ((answer.answer === 'ready') !== (name === 'clean')) {
        problems.push(`the gate says '${answer.answer}' for ${tenant}, whose requests are ${name}`);
      }
    }
  }
  return problems;
}

async function untilToldToStop(apiUrl: string, otlpUrl: string, { webUrl }: Services, dataDir: string): Promise<void> {
  heading('Left running; Ctrl-C ends everything');
  console.log(`  Waybill   ${apiUrl}\n  OTLP      ${otlpUrl}\n  web       ${webUrl}\n  data      ${dataDir}`);
  // Ends by a signal, and the handlers above clean up.
  await new Promise(() => {
    setInterval(() => undefined, 60_000);
  });
}

function keep<T extends AsyncDisposable>(one: T): T {
  started.push(one);
  return one;
}

/** Ends what was started, the last first. */
async function end(): Promise<void> {
  for (let one = started.pop(); one !== undefined; one = started.pop()) await one[Symbol.asyncDispose]();
}

function heading(text: string): void {
  console.log(`\n${paint.strong(text)}`);
}

/** One line that is written over and over; a line at the end where there is no terminal. */
function progress(what: string, now: number, all: number): void {
  const line = `  ${now} of ${all} ${what}`;
  if (process.stdout.isTTY) process.stdout.write(`\r\u001B[K${line}`);
  else if (now >= all && !isInProgress) console.log(line);
  isInProgress = process.stdout.isTTY || now >= all;
}

function progressEnd(): void {
  if (process.stdout.isTTY && isInProgress) process.stdout.write('\n');
  isInProgress = false;
}
