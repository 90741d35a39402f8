-- How a call fared, in one value: there are few ways to fare and many calls, and one column of low cardinality is
-- grouped by faster than the ten that it is made of.
ALTER TABLE calls ADD COLUMN IF NOT EXISTS way LowCardinality(String) MATERIALIZED toJSONString((
        route,
        [toString(tenant_outcome), toString(feature_outcome), toString(policy_outcome)],
        [tenant_hop_from, feature_hop_from, policy_hop_from],
        [tenant_hop_to, feature_hop_to, policy_hop_to],
        finding_rules, finding_severities, finding_questions, finding_attributes, finding_hop_from, finding_hop_to,
        toString(operation), toUInt8(stream), toUInt8(failed), toString(verdict)
    )) COMMENT 'How the call fared, JSON: route; outcomes, then hops (from, to) of tenant, feature and policy; findings without their words; operation, stream, failed, verdict'
    AFTER finding_fixes;

ALTER TABLE calls ADD COLUMN IF NOT EXISTS failed_bits UInt8 MATERIALIZED toUInt8(arraySum(arrayMap(
        question -> transform(question, ['presence', 'survival', 'agreement', 'provenance', 'observation', 'cost', 'policy'], [1, 2, 4, 8, 16, 32, 64], 0),
        failed_questions
    ))) COMMENT 'failed_questions as bits: 1 presence, 2 survival, 4 agreement, 8 provenance, 16 observation, 32 cost, 64 policy'
    AFTER failed_questions;

-- Calls that were here before.
ALTER TABLE calls MATERIALIZE COLUMN way;
ALTER TABLE calls MATERIALIZE COLUMN failed_bits;

-- A day that is over becomes one part, in which FINAL has nothing left to merge.
ALTER TABLE calls MODIFY SETTING min_age_to_force_merge_seconds = 3600, min_age_to_force_merge_on_partition_only = 1;
