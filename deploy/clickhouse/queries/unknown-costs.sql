-- Calls whose cost nobody knows, by what they called, and why: no-usage (no token counts came), unpriced (no price for
-- the model) and the like. A budget does not see them.
WITH 30 AS last_days
SELECT
    service,
    provider,
    model,
    arrayStringConcat(arraySort(arrayIntersect(finding_rules, ['no-usage', 'unpriced', 'cached-tokens'])), ', ') AS reasons,
    count() AS calls,
    countIf(failed) AS failed_calls,
    countIf(stream) AS streams,
    any(trace_id) AS sample_trace_id
FROM calls FINAL
WHERE day >= today() - last_days
  AND cost_usd IS NULL
GROUP BY service, provider, model, reasons
ORDER BY calls DESC, service, provider, model;
