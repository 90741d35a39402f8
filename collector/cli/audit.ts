import { Command, Option } from 'commander';
import { addTo } from '../../auditor/add-to.js';
import { auditTrace } from '../../auditor/audit.js';
import type { CompiledContract } from '../../auditor/contract.js';
import { placesOf } from '../../auditor/payloads/place-records.js';
import { recordIds, recordSpan } from '../../auditor/payloads/record-span.js';
import { neighboursOf } from '../../auditor/trace/neighbours.js';
import { holds, reportOf } from '../../auditor/report.js';
import type { AuditReport } from '../../schemas/audit.js';
import type { GatewayName } from '../../schemas/payload.js';
import { gatewayNames } from '../../schemas/payload.js';
import type { Span } from '../../schemas/span.js';
import { contractInForce } from '../contract/in-force.js';
import { createSpanReader } from '../otlp/span-reader.js';
import { auditText, PLAIN_COLUMNS } from './audit-text.js';
import { ExitCode } from './exit.js';
import { paint } from './paint.js';
import { progressOn } from './progress.js';
import type { AuditFile } from './read-audit-file.js';
import { readAuditFile } from './read-audit-file.js';

/** From so many on it takes a second or more, and people want to see that it goes on. */
const MANY_TRACES = 10_000;
const TOLD_EVERY = 500;

interface AuditFlags {
  readonly contract?: string;
  readonly from?: GatewayName;
  readonly format: 'pretty' | 'json';
}

/** `waybill audit`: audits spans and gateway logs in files, without a server. */
export function auditCommand(): Command {
  return new Command('audit')
    .description('audit spans and gateway logs in files, without a server')
    .argument(
      '<files...>',
      "OTLP as JSON (one request, or one a line) or protobuf, or a gateway's log as JSON; gzipped or not; - for standard input",
    )
    .option('--contract <file>', 'what must hold (default: waybill.yaml where there is one)')
    .addOption(
      new Option('--from <gateway>', 'the gateway whose log the files are (default: seen from the records)').choices(
        gatewayNames,
      ),
    )
    .addOption(new Option('--format <format>', 'how to print it').choices(['pretty', 'json']).default('pretty'))
    .addHelpText('after', '\nExit: 0 every call is enforceable, 1 some are not, 2 could not read, 3 no call found.')
    .action(async (files: string[], { contract: file, from, format }: AuditFlags) => {
      const { contract } = await contractInForce(file, process.env);
      const reader = createSpanReader(contract);
      const read: AuditFile[] = [];
      for (const one of files) read.push(warned(one, await readAuditFile(one, reader, from)));
      const report = auditAll(read, contract);
      console.log(
        format === 'json'
          ? JSON.stringify(report, null, 2)
          : auditText(report, paint(process.stdout), process.stdout.columns ?? PLAIN_COLUMNS),
      );
      process.exitCode = exitCode(report);
    });
}

function warned(name: string, file: AuditFile): AuditFile {
  const { rejectedSpans, rejectedRecords, rejectedReason } = file;
  if (rejectedSpans > 0) console.error(`${name}: ${rejectedSpans} spans without valid ids were left out.`);
  if (rejectedRecords > 0) console.error(`${name}: ${rejectedRecords} records were left out. ${rejectedReason}`);
  return file;
}

function auditAll(files: readonly AuditFile[], contract: CompiledContract): AuditReport {
  const spans = files.flatMap((file) => file.spans);
  // One that comes again replaces itself.
  const records = [
    ...new Map(files.flatMap((file) => file.records.map((one) => [recordIds(one).spanId, one] as const))).values(),
  ];
  const places = placesOf(records, spans, contract);
  const placed = records.flatMap((record, i) => {
    const place = places[i];
    return place === undefined ? [] : [recordSpan(record, place, contract)];
  });
  const traces = new Map<string, Span[]>();
  for (const span of [...spans, ...placed]) addTo(traces, span.traceId, span);
  const neighbours = neighboursOf(spans);
  const tell = traces.size < MANY_TRACES ? () => {} : progressOn(process.stderr, 'traces');
  return reportOf(
    [...traces.values()].map((own, i) => {
      const done = i + 1;
      if (done % TOLD_EVERY === 0 || done === traces.size) tell(done, traces.size);
      return auditTrace(own, contract, neighbours);
    }),
  );
}

function exitCode(report: AuditReport): number {
  if (!holds(report)) return ExitCode.doesNotHold;
  return report.calls.length === 0 ? ExitCode.tooLittleData : ExitCode.holds;
}
