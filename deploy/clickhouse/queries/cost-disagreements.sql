-- Calls whose gateway or instrumentation says another cost than the price table, by over one percent.
WITH 30 AS last_days
SELECT
    provider,
    model,
    count() AS calls,
    sum(cost_usd) AS our_cost_usd,
    sum(reported_cost_usd) AS their_cost_usd,
    their_cost_usd - our_cost_usd AS difference_usd
FROM calls FINAL
WHERE day >= today() - last_days
  AND has(finding_rules, 'cost-disagrees')
GROUP BY provider, model
ORDER BY abs(difference_usd) DESC, provider, model;
