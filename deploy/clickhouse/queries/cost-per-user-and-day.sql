-- Cost per user and day, with the provider: OpenAI, Anthropic, DeepSeek, OpenRouter and whoever else was called.
-- Calls without a user are the rows '(unattributed)'. Calls of unknown cost are rows of their own, with cost_usd NULL:
-- what they cost is in no other row.
WITH 30 AS last_days
SELECT
    toDate(start_time) AS date,
    if(user = '', '(unattributed)', user) AS user_id,
    provider,
    count() AS calls,
    sum(cost_usd) AS cost_usd
FROM calls FINAL
WHERE day >= today() - last_days
GROUP BY date, user_id, provider, calls.cost_usd IS NULL
ORDER BY date DESC, cost_usd DESC NULLS LAST, user_id, provider;
