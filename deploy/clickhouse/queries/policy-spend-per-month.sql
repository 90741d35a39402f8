-- What each budget policy counted per calendar month, UTC, and how many of its calls it could not count. The limits are
-- in the contract; /v1/budgets puts both together. '(none)' is spend that no policy saw.
SELECT
    toStartOfMonth(start_time) AS month,
    if(resolved_policy = '', '(none)', resolved_policy) AS policy_id,
    count() AS calls,
    countIf(cost_usd IS NULL) AS unknown_cost_calls,
    sum(ifNull(calls.cost_usd, 0)) AS known_cost_usd
FROM calls FINAL
GROUP BY month, policy_id
ORDER BY month DESC, known_cost_usd DESC, policy_id;
