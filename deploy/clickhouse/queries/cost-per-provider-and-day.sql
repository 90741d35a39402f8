-- Cost per provider and day, with its models. Calls of unknown cost are rows of their own, with cost_usd NULL.
WITH 30 AS last_days
SELECT
    toDate(start_time) AS date,
    if(provider = '', '(unknown)', provider) AS provider_name,
    if(model = '', '(unknown)', model) AS model_name,
    count() AS calls,
    sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens,
    sum(cost_usd) AS cost_usd
FROM calls FINAL
WHERE day >= today() - last_days
GROUP BY date, provider_name, model_name, calls.cost_usd IS NULL
ORDER BY date DESC, cost_usd DESC NULLS LAST, provider_name, model_name;
