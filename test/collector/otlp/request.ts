import { parse } from 'protobufjs';
import type { Type } from 'protobufjs';

/** The part of opentelemetry-proto v1 that requests in tests are made of. */
const PROTO = `
  syntax = "proto3";
  message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; string schema_url = 3; }
  message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
  message ScopeSpans { InstrumentationScope scope = 1; repeated Span spans = 2; string schema_url = 3; }
  message InstrumentationScope { string name = 1; string version = 2; repeated KeyValue attributes = 3; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5;
    int32 kind = 6; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8;
    repeated KeyValue attributes = 9; uint32 dropped_attributes_count = 10; repeated Event events = 11;
    uint32 dropped_events_count = 12; repeated Link links = 13; uint32 dropped_links_count = 14; Status status = 15;
    fixed32 flags = 16;
  }
  message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3; }
  message Link {
    bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; repeated KeyValue attributes = 4; fixed32 flags = 6;
  }
  message Status { string message = 2; int32 code = 3; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue {
    oneof value {
      string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
      ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7;
    }
  }
  message ArrayValue { repeated AnyValue values = 1; }
  message KeyValueList { repeated KeyValue values = 1; }
  message ExportTraceServiceResponse { ExportTracePartialSuccess partial_success = 1; }
  message ExportTracePartialSuccess { int64 rejected_spans = 1; string error_message = 2; }
  message RpcStatus { int32 code = 1; string message = 2; }`;

const whole = parse(PROTO).root;
/** Here what the decoder passes over is nothing but bytes, and so are values until they are asked for. */
const lazy = parse(
  PROTO.replace('string key = 1; AnyValue value = 2;', 'string key = 1; bytes value = 2;')
    .replaceAll('string schema_url', 'bytes schema_url')
    .replace(
      'string version = 2; repeated KeyValue attributes = 3;',
      'string version = 2; repeated bytes attributes = 3;',
    )
    .replace('repeated Event events', 'repeated bytes events')
    .replace(/(message Link \{[^}]*)string trace_state/, '$1bytes trace_state')
    .replace('message Status { string message', 'message Status { bytes message'),
).root;

export const requestType: Type = whole.lookupType('ExportTraceServiceRequest');
export const lazyRequestType: Type = lazy.lookupType('ExportTraceServiceRequest');
export const anyValueType: Type = whole.lookupType('AnyValue');
export const responseType: Type = whole.lookupType('ExportTraceServiceResponse');
export const statusType: Type = whole.lookupType('RpcStatus');

/** An AnyValue as OTLP's JSON writes it. */
export type Value =
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly intValue: string }
  | { readonly doubleValue: number | 'NaN' | 'Infinity' | '-Infinity' }
  | { readonly arrayValue: { readonly values: readonly Value[] } }
  | { readonly kvlistValue: { readonly values: readonly KeyValue[] } };

export interface KeyValue {
  readonly key: string;
  readonly value: Value;
}

/** A span as OTLP's JSON writes it. */
export interface JsonSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly flags?: number;
  readonly name?: string;
  readonly kind?: number;
  readonly startTimeUnixNano?: string;
  readonly endTimeUnixNano?: string;
  readonly attributes?: readonly KeyValue[];
  readonly droppedAttributesCount?: number;
  readonly events?: readonly { readonly name: string; readonly attributes: readonly KeyValue[] }[];
  readonly links?: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly attributes?: readonly KeyValue[];
  }[];
  readonly status?: { readonly code?: number; readonly message?: string };
}

export interface JsonRequest {
  readonly resourceSpans: readonly {
    readonly resource?: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly {
      readonly scope?: { readonly name: string; readonly version: string };
      readonly spans: readonly JsonSpan[];
    }[];
  }[];
}

/** A text attribute. */
export function text(key: string, value: string): KeyValue {
  return { key, value: { stringValue: value } };
}

/** A whole-number attribute. */
export function int(key: string, value: number): KeyValue {
  return { key, value: { intValue: String(value) } };
}

/** A request of one service and scope. */
export function requestOf(spans: readonly JsonSpan[], service = 'agent', scope = 'test'): JsonRequest {
  const resource = { attributes: [text('service.name', service)] };
  return { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: scope, version: '1.0.0' }, spans }] }] };
}

/** A span that is a call to a model. */
export function callSpan(attributes: readonly KeyValue[] = [], number = 1): JsonSpan {
  return {
    traceId: number.toString(16).padStart(32, '0'),
    spanId: number.toString(16).padStart(16, '0'),
    name: 'chat gpt-4o',
    kind: 3,
    startTimeUnixNano: '1793620800000001999',
    endTimeUnixNano: '1793620801000000000',
    attributes: [
      text('gen_ai.operation.name', 'chat'),
      text('gen_ai.provider.name', 'openai'),
      text('gen_ai.request.model', 'gpt-4o'),
      int('gen_ai.usage.input_tokens', 1000),
      int('gen_ai.usage.output_tokens', 100),
      ...attributes,
    ],
  };
}

/** The request in protobuf, written by protobufjs. */
export function toProtobuf(request: JsonRequest): Buffer {
  return Buffer.from(requestType.encode(requestType.fromObject(bytesForHex(request))).finish());
}

/** The request in JSON. */
export function toJson(request: unknown): Buffer {
  return Buffer.from(JSON.stringify(request));
}

/** Ids are hex in OTLP's JSON and bytes for protobufjs; doubles that JSON lacks are words in one and numbers in the other. */
function bytesForHex(value: unknown): Record<string, unknown> {
  const parsed: unknown = JSON.parse(JSON.stringify(value), (key, one: unknown) => {
    if (/^(trace|span|parentSpan)Id$/.test(key)) return Buffer.from(String(one), 'hex');
    return key === 'doubleValue' ? Number(one) : one;
  });
  return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
}
