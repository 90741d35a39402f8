/** Keys of the attributes that say whose a call is: on spans and in W3C baggage alike. */
export const TENANT_ID = 'tenant.id';
export const FEATURE_ID = 'feature.id';
export const POLICY_ID = 'budget.policy.id';
export const USER_ID = 'user.id';

/** Key of the signature, on spans and in baggage: a JWS in compact form (RFC 7515). */
export const SIGNATURE_KEY = 'attribution.signature';

/** OpenTelemetry's GenAI keys; `@opentelemetry/semantic-conventions` has them only in its incubating part, frozen. */
export const GEN_AI_OPERATION_NAME = 'gen_ai.operation.name';
export const GEN_AI_PROVIDER_NAME = 'gen_ai.provider.name';
export const GEN_AI_REQUEST_MODEL = 'gen_ai.request.model';
export const GEN_AI_REQUEST_STREAM = 'gen_ai.request.stream';
export const GEN_AI_RESPONSE_MODEL = 'gen_ai.response.model';
export const GEN_AI_RESPONSE_ID = 'gen_ai.response.id';
export const GEN_AI_FINISH_REASONS = 'gen_ai.response.finish_reasons';
export const GEN_AI_INPUT_TOKENS = 'gen_ai.usage.input_tokens';
export const GEN_AI_OUTPUT_TOKENS = 'gen_ai.usage.output_tokens';
export const GEN_AI_CACHE_READ_TOKENS = 'gen_ai.usage.cache_read.input_tokens';
export const GEN_AI_CACHE_WRITE_TOKENS = 'gen_ai.usage.cache_write.input_tokens';
export const GEN_AI_REASONING_TOKENS = 'gen_ai.usage.reasoning.output_tokens';

/**
 * Our key for where token counts come from: `provider` where they are the provider's own. Some instrumentation guesses
 * them for a model, and this says of a call that they were not guessed after all.
 */
export const USAGE_SOURCE = 'waybill.usage.source';

/**
 * Our key for the reservation under which a call is made, as `POST /v1/decisions` gave it: the audited call then takes
 * the place of its estimate. The call's own span may carry it, or any span above it on the route.
 */
export const RESERVATION_ID = 'waybill.reservation.id';

/** What findings say of themselves where Waybill sends them by OTLP, and score and spend of what they are about. */
export const FINDING_RULE = 'attribution.rule';
export const FINDING_QUESTION = 'attribution.question';
export const FINDING_ATTRIBUTE = 'attribution.attribute';
export const FINDING_HOP_FROM = 'attribution.hop.from';
export const FINDING_HOP_TO = 'attribution.hop.to';
export const FINDING_FIX = 'attribution.fix';
export const FINDING_SERVICE = 'attribution.service';
export const FINDING_VERDICT = 'attribution.verdict';
export const SCORE_WINDOW = 'attribution.window';

/** OpenTelemetry's key for the host that a request went to. */
export const SERVER_ADDRESS = 'server.address';

/** OpenTelemetry's key for why a span ended otherwise than it should. */
export const ERROR_TYPE = 'error.type';

/**
 * The tenants that the credential behind a span may speak for, comma separated, `*` for any run of characters. Only
 * the receiver writes it, from the credential: what a sender writes under it is never kept.
 */
export const CREDENTIAL_TENANTS = 'waybill.credential.tenants';

/**
 * Marks a span that stands for a gateway's record, and says how it was placed: a kind of join, `own` where it is in
 * the trace that it names itself, or `moved` where it is in another trace now. Only Waybill writes it, as the first
 * attribute.
 */
export const RECORD_PLACE = 'waybill.record.place';
/** The keys of a record that only its caller vouches for, as a JSON list. */
export const RECORD_CLAIMED = 'waybill.record.claimed';
/** The ids of its request, as a JSON list. */
export const RECORD_REQUESTS = 'waybill.record.requests';

/** Keys of the ids by which a gateway knows a request: its caller may have written them down. */
export const REQUEST_ID_KEYS: readonly string[] = [
  'request.id',
  'request_id',
  'requestId',
  'x-request-id',
  'http.request.header.x-request-id',
  'http.response.header.x-request-id',
  'aws.request_id',
  'litellm.call_id',
  'litellm_call_id',
  'gateway_request_id',
];
