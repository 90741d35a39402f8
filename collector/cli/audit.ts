import { Command, Option } from 'commander';
import { auditTrace } from '../../auditor/audit.js';
import { neighboursOf } from '../../auditor/trace/neighbours.js';
import { holds, reportOf } from '../../auditor/report.js';
import type { AuditReport } from '../../schemas/audit.js';
import type { Span } from '../../schemas/span.js';
import { contractInForce } from '../contract/in-force.js';
import { createSpanReader } from '../otlp/span-reader.js';
import { auditText } from './audit-text.js';
import { ExitCode } from './exit.js';
import { paint } from './paint.js';
import { readSpanFile } from './read-spans.js';

/** How wide a drawing may be where no terminal says. */
const PLAIN_COLUMNS = 120;

interface AuditFlags {
  readonly contract?: string;
  readonly format: 'pretty' | 'json';
}

/** `waybill audit`: audits spans in files, without a server. */
export function auditCommand(): Command {
  return new Command('audit')
    .description('audit spans in files, without a server')
    .argument(
      '<files...>',
      'OTLP as JSON (one request, or one a line) or protobuf, gzipped or not; - for standard input',
    )
    .option('--contract <file>', 'what must hold (default: waybill.yaml where there is one)')
    .addOption(new Option('--format <format>', 'how to print it').choices(['pretty', 'json']).default('pretty'))
    .addHelpText('after', '\nExit: 0 every call is enforceable, 1 some are not, 2 could not read, 3 no call found.')
    .action(async (files: string[], { contract: file, format }: AuditFlags) => {
      const { contract } = await contractInForce(file, process.env);
      const reader = createSpanReader(contract);
      const traces = new Map<string, Span[]>();
      for (const one of files) {
        const { spans, rejected } = await readSpanFile(one, reader);
        if (rejected > 0) console.error(`${one}: ${rejected} spans without valid ids were left out.`);
        for (const span of spans) {
          const others = traces.get(span.traceId);
          if (others === undefined) traces.set(span.traceId, [span]);
          else others.push(span);
        }
      }
      const neighbours = neighboursOf([...traces.values()].flat());
      const report = reportOf([...traces.values()].map((spans) => auditTrace(spans, contract, neighbours)));
      console.log(
        format === 'json'
          ? JSON.stringify(report, null, 2)
          : auditText(report, paint(process.stdout), process.stdout.columns ?? PLAIN_COLUMNS),
      );
      process.exitCode = exitCode(report);
    });
}

function exitCode(report: AuditReport): number {
  if (!holds(report)) return ExitCode.doesNotHold;
  return report.calls.length === 0 ? ExitCode.tooLittleData : ExitCode.holds;
}
