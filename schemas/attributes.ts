/** Keys of the attributes that say whose a call is: on spans and in W3C baggage alike. */
export const TENANT_ID = 'tenant.id';
export const FEATURE_ID = 'feature.id';
export const POLICY_ID = 'budget.policy.id';
export const USER_ID = 'user.id';

/** OpenTelemetry's GenAI keys; `@opentelemetry/semantic-conventions` has them only in its incubating part, frozen. */
export const GEN_AI_OPERATION_NAME = 'gen_ai.operation.name';
export const GEN_AI_PROVIDER_NAME = 'gen_ai.provider.name';

/**
 * The tenants that the credential behind a span may speak for, comma separated, `*` for any run of characters. Only
 * the receiver writes it, from the credential: what a sender writes under it is never kept.
 */
export const CREDENTIAL_TENANTS = 'waybill.credential.tenants';
