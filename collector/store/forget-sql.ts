import { CREDENTIAL_TENANTS, SIGNATURE_KEY } from '../../schemas/attributes.js';

/** What stands in place of a name where the row is kept. */
const FORGOTTEN = '(forgotten)';

/** The subject, in a table of memory: the statement of a mutation is kept on disk for long, and must not name it. */
export const VALUE = "ifNull((SELECT any(value) FROM forgetting_whom), '')";
const KEYS = 'ifNull((SELECT any(keys) FROM forgetting_whom), [])';
const PATTERN = "ifNull((SELECT any(pattern) FROM forgetting_whom), '^$ ')";

/** Whose a call is: the first that its stations show. Spend goes by the first of these. */
export const OWNER = {
  tenant: "coalesce(nullIf(tenant, ''), nullIf(tenant_origin, ''), nullIf(tenant_enforcement, ''), tenant_span)",
  user: 'user',
} as const;
export const NAMED = {
  tenant: `hasAny([tenant, tenant_origin, tenant_enforcement, tenant_span], [${VALUE}])`,
  user: `user = ${VALUE}`,
} as const;
/** The values that a span has under the keys. */
export const VALUES_OF_SPAN = `arrayConcat(
  arrayMap(key -> attributes[key], ${KEYS}),
  arrayFlatten(arrayMap(link -> arrayMap(key -> link[key], ${KEYS}), link_attributes)))`;
const ATTRIBUTES_OF_RECORD =
  "arrayConcat(JSONExtract(record, 'vouched', 'Array(String)'), JSONExtract(record, 'claimed', 'Array(String)'))";
export const RECORD_NAMES_IT = `arrayExists((at, key) -> at % 2 = 1 AND has(${KEYS}, key) AND arrayElement(${ATTRIBUTES_OF_RECORD}, at + 1) = ${VALUE},
  arrayEnumerate(${ATTRIBUTES_OF_RECORD}), ${ATTRIBUTES_OF_RECORD})`;

export const WHOLE = "(SELECT trace_id FROM forgetting WHERE fate = 'trace')";
export const SHARED = "(SELECT trace_id FROM forgetting WHERE fate = 'shared')";
export const SPANS = "(SELECT trace_id, span_id FROM forgetting WHERE fate = 'span')";

export const WHOLE_OR_SPANS = `trace_id IN ${WHOLE} OR (trace_id, span_id) IN ${SPANS}`;
export const OWN_WHOLE = `own_trace_id IN ${WHOLE}`;

type Statements = Readonly<Record<string, string>>;

/** What is deleted, table by table: audits go after the spans that they could be made from again. */
export const DELETED: readonly Statements[] = [
  { spans: WHOLE_OR_SPANS, payloads: OWN_WHOLE },
  {
    arrivals: `trace_id IN ${WHOLE}`,
    span_keys: `trace_id IN ${WHOLE}`,
    payload_keys: OWN_WHOLE,
    calls: WHOLE_OR_SPANS,
    audits: `trace_id IN ${WHOLE}`,
  },
];
export const DELETED_OF_TENANT: readonly Statements[] = [
  {
    gates: `tenant = ${VALUE}`,
    decisions: `tenant = ${VALUE}`,
    rollouts: `tenant = ${VALUE}`,
    rollout_states: `tenant = ${VALUE}`,
    alert_attempts: `alert_id IN (SELECT id FROM alerts WHERE tenant = ${VALUE})`,
  },
  { alerts: `tenant = ${VALUE}` },
];

const PLACEHOLDER = `'${FORGOTTEN}'`;
const wipedText = (text: string): string =>
  `replaceRegexpAll(replaceRegexpAll(${text}, ${PATTERN}, '\\\\1${FORGOTTEN}\\\\2'), ${PATTERN}, '\\\\1${FORGOTTEN}\\\\2')`;
const wipedColumn = (name: string): string => `${name} = ${wipedText(name)}`;
const wipedList = (name: string): string => `${name} = arrayMap(one -> ${wipedText('one')}, ${name})`;
const emptied = (name: string): string => `${name} = if(${name} = ${VALUE}, ${PLACEHOLDER}, ${name})`;
/** A signature says in code what it signs. */
const wipedMap = (map: string): string =>
  `mapApply((key, one) -> (key, ${wipedText('one')}), mapFilter((key, one) -> key != '${SIGNATURE_KEY}', ${map}))`;

const WORDS = ['finding_messages', 'finding_fixes'];
const WORDS_NAME_IT = `trace_id IN ${SHARED} OR arrayExists(one -> match(one, ${PATTERN}), arrayConcat(${WORDS.join(', ')}))`;

interface Wiping {
  readonly set: readonly string[];
  readonly where: string;
}

/** What is kept and wiped, table by table. */
export const WIPED: Readonly<Record<string, Wiping>> = {
  spans: {
    set: [
      `attributes = ${wipedMap('attributes')}`,
      `link_attributes = arrayMap(link -> ${wipedMap('link')}, link_attributes)`,
    ],
    // What a key may speak for is written on the spans of all its tenants.
    where: `trace_id IN ${SHARED} OR match(attributes['${CREDENTIAL_TENANTS}'], ${PATTERN})`,
  },
  payloads: { set: [wipedColumn('record')], where: `match(record, ${PATTERN})` },
  calls: {
    set: WORDS.map(wipedList),
    where: WORDS_NAME_IT,
  },
  audits: {
    set: WORDS.map(wipedList),
    where: WORDS_NAME_IT,
  },
  gates: { set: [wipedColumn('evidence')], where: `match(evidence, ${PATTERN})` },
  alerts: {
    set: ['observed', 'expected', 'message'].map(wipedColumn),
    where: `match(concat(observed, ' ', expected, ' ', message), ${PATTERN})`,
  },
  decisions: { set: [wipedColumn('call_id')], where: `match(call_id, ${PATTERN})` },
  rollouts: { set: [wipedColumn('why')], where: `match(why, ${PATTERN})` },
  rollout_states: {
    set: ['why', 'blocker'].map(wipedColumn),
    where: `match(concat(why, ' ', blocker), ${PATTERN})`,
  },
  audit_log: { set: [wipedColumn('detail')], where: `match(detail, ${PATTERN})` },
};
export const WIPED_FIELDS = {
  tenant: ['tenant', 'tenant_origin', 'tenant_enforcement', 'tenant_span'].map(emptied),
  user: [emptied('user')],
} as const;
/** A key that was bound to this tenant alone is good for nothing any more. */
export const WIPED_KEYS: Wiping = {
  set: [
    `is_revoked = is_revoked OR tenants = [${VALUE}]`,
    `tenants = arrayFilter(one -> one != ${VALUE}, tenants)`,
    wipedColumn('name'),
  ],
  where: `has(tenants, ${VALUE}) OR match(name, ${PATTERN})`,
};
