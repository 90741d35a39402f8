import { Command } from 'commander';
import { pino } from 'pino';
import { targetsOf } from '../alerts/channels.js';
import type { ServeConfig, ServeFlags } from '../config.js';
import { serveConfig } from '../config.js';
import type { Waybill } from '../serve.js';
import { contractInForce } from '../contract/in-force.js';
import { exportingOf } from '../export/settings.js';
import { forwardingOf } from '../forward/settings.js';
import { createLog } from '../watch/log.js';

/** `waybill serve`: runs everything until told to stop. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('receive spans, audit them, and answer questions')
    .option(
      '--role <roles>',
      'what this process is: receiver, auditor, api, several with commas, or all (default: all)',
    )
    .option('--shard <share>', 'the share of all traces that it audits, such as 2/8 (default: all)')
    .option('--shards <count>', 'how many auditors share the work; which it is, the end of HOSTNAME tells (auditor-0)')
    .option('--data <dir>', 'where the embedded ClickHouse keeps its data (default: .waybill)')
    .option('--contract <file>', 'what must hold (default: waybill.yaml where there is one)')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--tls-cert <file>', 'certificate, PEM, with those up to its root; read again whenever it changes')
    .option('--tls-key <file>', 'its key, PEM')
    .option('--tls-client-ca <file>', 'serve only clients with a certificate of this authority (mTLS)')
    .option('--behind-proxy', 'a proxy in front does TLS, so that a wider address may be listened on without')
    .option('--otlp-port <port>', 'OTLP/HTTP (default: 4318)')
    .option('--grpc-port <port>', 'OTLP/gRPC, off to leave it out (default: 4317)')
    .option('--api-port <port>', 'API and web (default: 4319)')
    .option('--clickhouse-port <port>', 'HTTP of the embedded ClickHouse (default: 8123)')
    .option('--clickhouse-native-port <port>', 'native protocol of the embedded ClickHouse (default: 9000)')
    .option('--quiet <time>', 'a trace is settled when nothing has come for so long (default: 5s)')
    .option('--drain <time>', 'when told to stop, /readyz says no for so long before that (default: at once)')
    .option('--log-level <level>', 'debug, info, warn, error or silent (default: info)')
    .addHelpText(
      'after',
      '\nA fleet is several processes on one CLICKHOUSE_URL. Of each role there may be any number:\n' +
        '  receiver  takes spans (4318, 4317) and the logs of gateways (4319); keeps nothing\n' +
        '  auditor   audits its --shard of the traces, and those of an auditor that is 30 s behind\n' +
        '  api       the API and the page, gate, rollouts, decisions, alerts and retention\n' +
        'Each answers /healthz, /readyz and /metrics at its --api-port.\n' +
        '\nCLICKHOUSE_URL=http://user:password@host:8123/waybill uses that server in place of the embedded one.\n' +
        'WAYBILL_CLICKHOUSE_CLUSTER=name says that it is a cluster, of that name in its remote_servers.\n' +
        'WAYBILL_QUESTION_TIMEOUT=10s says after how long a question is given up that ClickHouse does not answer.\n' +
        'WAYBILL_OWN_TRACES=http://collector:4318 sends traces of what Waybill itself does there, by OTLP/HTTP.\n' +
        'WAYBILL_FORWARD_ENDPOINT=http://collector:4318 passes every trace request on, byte for byte.\n' +
        'WAYBILL_EXPORT_ENDPOINT=http://collector:4318 sends findings there as OTLP logs, score and spend as metrics.\n' +
        'WAYBILL_USER_HASH_KEY=… puts a keyed hash in place of every user id before it is stored.\n' +
        'WAYBILL_RETENTION_SPANS=30d and WAYBILL_RETENTION_CALLS=400d say for how many days spans and calls are kept.',
    )
    .action(async (flags: ServeFlags) => {
      const config = serveConfig(flags, process.env);
      const log = createLog(config.logLevel, pino.destination({ fd: 2, sync: true }));
      const contract = await contractInForce(config.contract ?? undefined, process.env);
      const targets = targetsOf(contract.contract.source.alerts.channels, process.env);
      const { forward, export: exported } = contract.contract.source;
      const forwarding = forwardingOf(forward, process.env, config);
      const exporting = exportingOf(exported, process.env, config);
      // Loaded only here: every other command is there sooner without the server.
      const { serve } = await import('../serve.js');
      const waybill = await serve(config, contract, { targets, forwarding, exporting }, log);
      console.log(welcome(waybill, config));
      await untilToldToStop();
      await waybill.stop();
    });
}

async function untilToldToStop(): Promise<void> {
  await new Promise<void>((done) => {
    process.once('SIGINT', () => done());
    process.once('SIGTERM', () => done());
  });
}

function welcome(waybill: Waybill, { roles, share }: ServeConfig): string {
  const { otlpUrl, grpcUrl, apiUrl, clickHouse, contractFile } = waybill;
  const reader =
    clickHouse.readerPasswordFile === null ? '' : `  user reader, password in ${clickHouse.readerPasswordFile}`;
  const told = [
    otlpUrl === null ? [] : [`Send spans   ${otlpUrl}/v1/traces${grpcUrl === null ? '' : `, or over gRPC ${grpcUrl}`}`],
    roles.has('api') ? [`Ask          ${apiUrl}`] : [`Health       ${apiUrl}/readyz`],
    share.of === 1 ? [] : [`Audits       share ${share.index + 1} of ${share.of}, and those whose auditor is away`],
    [`SQL          ${clickHouse.url}/play${reader}`],
    [`Contract     ${contractFile ?? 'none: tenant.id, feature.id and budget.policy.id are required on every call'}`],
  ];
  const first = `
A first span from a Node app that calls a model:

  OTEL_SERVICE_NAME=my-app OTEL_EXPORTER_OTLP_ENDPOINT=${otlpUrl} node --import waybill/register app.js
`;
  return `Waybill is ready.\n\n  ${told.flat().join('\n  ')}\n${otlpUrl === null ? '' : first}`;
}
