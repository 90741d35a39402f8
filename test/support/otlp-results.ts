import { parse } from 'protobufjs';
import * as z from 'zod';

/** The part of opentelemetry-proto v1 in which logs and gauges are sent. */
const PROTO = `
  syntax = "proto3";
  message Logs { repeated ResourceLogs resource_logs = 1; }
  message ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2; }
  message ScopeLogs { repeated LogRecord log_records = 2; }
  message LogRecord {
    fixed64 time_unix_nano = 1; fixed64 observed_time_unix_nano = 11; int32 severity_number = 2; string severity_text = 3;
    AnyValue body = 5; repeated KeyValue attributes = 6; bytes trace_id = 9; bytes span_id = 10; string event_name = 12;
  }
  message Metrics { repeated ResourceMetrics resource_metrics = 1; }
  message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
  message ScopeMetrics { repeated Metric metrics = 2; }
  message Metric { string name = 1; string unit = 3; Gauge gauge = 5; }
  message Gauge { repeated NumberDataPoint data_points = 1; }
  message NumberDataPoint { repeated KeyValue attributes = 7; fixed64 time_unix_nano = 3; oneof value { double as_double = 4; sfixed64 as_int = 6; } }
  message Resource { repeated KeyValue attributes = 1; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }`;

const { root } = parse(PROTO);

const attributesSchema = z
  .array(z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) }))
  .default([])
  .transform((all) => Object.fromEntries(all.map(({ key, value }) => [key, Object.values(value)[0]])));
const resource = z.object({ attributes: attributesSchema });

const logsSchema = z.object({
  resourceLogs: z.array(
    z.object({
      resource,
      scopeLogs: z.array(
        z.object({
          logRecords: z.array(
            z.object({
              timeUnixNano: z.string(),
              severityNumber: z.number(),
              severityText: z.string(),
              body: z.object({ stringValue: z.string() }).transform(({ stringValue }) => stringValue),
              attributes: attributesSchema,
              traceId: z.instanceof(Buffer).transform((id) => id.toString('hex')),
              spanId: z.instanceof(Buffer).transform((id) => id.toString('hex')),
              eventName: z.string(),
            }),
          ),
        }),
      ),
    }),
  ),
});

const metricsSchema = z.object({
  resourceMetrics: z.array(
    z.object({
      resource,
      scopeMetrics: z.array(
        z.object({
          metrics: z.array(
            z.object({
              name: z.string(),
              unit: z.string(),
              gauge: z.object({
                dataPoints: z.array(
                  z.object({
                    attributes: attributesSchema,
                    asDouble: z.number().optional(),
                    asInt: z.string().optional(),
                  }),
                ),
              }),
            }),
          ),
        }),
      ),
    }),
  ),
});

export type SentLog = z.infer<typeof logsSchema>['resourceLogs'][0]['scopeLogs'][0]['logRecords'][0];

function decode(type: 'Logs' | 'Metrics', body: Uint8Array): unknown {
  const message = root.lookupType(type);
  return message.toObject(message.decode(body), { longs: String });
}

/** The log records of a request. */
export function logsIn(body: Uint8Array): SentLog[] {
  const { resourceLogs } = logsSchema.parse(decode('Logs', body));
  return resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords));
}

/** The points of a request: by name, attributes and number. */
export function pointsIn(body: Uint8Array): { name: string; attributes: Record<string, unknown>; value: number }[] {
  const { resourceMetrics } = metricsSchema.parse(decode('Metrics', body));
  return resourceMetrics.flatMap(({ scopeMetrics }) =>
    scopeMetrics.flatMap(({ metrics }) =>
      metrics.flatMap(({ name, gauge }) =>
        gauge.dataPoints.map(({ attributes, asDouble, asInt }) => ({
          name,
          attributes,
          value: asDouble ?? Number(asInt),
        })),
      ),
    ),
  );
}

/** What sent a request of logs says of itself. */
export function senderOfLogs(body: Uint8Array): Record<string, unknown> {
  return logsSchema.parse(decode('Logs', body)).resourceLogs[0]?.resource.attributes ?? {};
}
