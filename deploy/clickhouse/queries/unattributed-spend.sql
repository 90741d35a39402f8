-- Unattributed spend, and where it lost its name: the hop behind which the tenant was gone, and the tenant that it had
-- at its origin. An origin of '(none)' says that the call never had one.
WITH 30 AS last_days
SELECT
    if(tenant_origin = '', '(none)', tenant_origin) AS origin,
    tenant_outcome AS outcome,
    if(tenant_hop_to = '', '', concat(tenant_hop_from, ' → ', tenant_hop_to)) AS hop,
    count() AS calls,
    countIf(cost_usd IS NULL) AS unknown_cost_calls,
    sum(ifNull(calls.cost_usd, 0)) AS known_cost_usd
FROM calls FINAL
WHERE day >= today() - last_days
  AND verdict = 'unattributed'
GROUP BY origin, outcome, hop
ORDER BY known_cost_usd DESC, calls DESC, origin;
