-- The trap in numbers, day by day: the share of the known spend whose row has all attributes (row_level), beside the
-- share on which requests may be blocked (enforceable). The score is the lower bound of the latter, with unknown costs
-- weighed: ask /v1/score for it.
WITH 30 AS last_days
SELECT
    toDate(start_time) AS date,
    count() AS calls,
    countIf(cost_usd IS NULL) AS unknown_cost_calls,
    sum(ifNull(calls.cost_usd, 0)) AS known_cost_usd,
    round(toFloat64(sumIf(ifNull(calls.cost_usd, 0), row_level)) / toFloat64(known_cost_usd), 4) AS row_level,
    round(toFloat64(sumIf(ifNull(calls.cost_usd, 0), verdict = 'enforceable')) / toFloat64(known_cost_usd), 4) AS enforceable
FROM calls FINAL
WHERE day >= today() - last_days
GROUP BY date
ORDER BY date DESC;
