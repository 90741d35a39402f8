-- What each tenant spent on which feature, as the call itself shows them. What shows none is '(unattributed)'. The last
-- column is the part that could be defended in a dispute; calls of unknown cost are counted, not priced.
WITH 30 AS last_days
SELECT
    if(tenant = '', '(unattributed)', tenant) AS tenant_id,
    if(feature = '', '(unattributed)', feature) AS feature_id,
    count() AS calls,
    countIf(cost_usd IS NULL) AS unknown_cost_calls,
    sum(ifNull(calls.cost_usd, 0)) AS known_cost_usd,
    sumIf(ifNull(calls.cost_usd, 0), verdict = 'enforceable') AS enforceable_usd
FROM calls FINAL
WHERE day >= today() - last_days
GROUP BY tenant_id, feature_id
ORDER BY known_cost_usd DESC, tenant_id, feature_id;
