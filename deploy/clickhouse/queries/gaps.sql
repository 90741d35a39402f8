-- What is wrong, by rule, attribute and hop, with the spend behind it, most first. A call that breaks a rule in several
-- places counts once a place.
WITH 7 AS last_days
SELECT
    rule,
    severity,
    attribute,
    if(hop_to = '', '', concat(hop_from, ' → ', hop_to)) AS hop,
    uniqExact(trace_id, span_id) AS calls,
    sum(cost) AS known_cost_usd,
    min(start_time) AS since,
    any(fix) AS fix
FROM
(
    SELECT DISTINCT trace_id, span_id, start_time, ifNull(cost_usd, 0) AS cost, rule, severity, attribute, hop_from, hop_to, fix
    FROM calls FINAL
    ARRAY JOIN
        finding_rules AS rule, finding_severities AS severity, finding_attributes AS attribute,
        finding_hop_from AS hop_from, finding_hop_to AS hop_to, finding_fixes AS fix
    WHERE day >= today() - last_days
      AND severity != 'info'
)
GROUP BY rule, severity, attribute, hop
ORDER BY known_cost_usd DESC, calls DESC, rule, attribute, hop;
