-- What people were warned of, and whether each channel took it at the last attempt. A state of '' says that no channel
-- was to be told, or that none has been tried yet.
SELECT
    raised_at,
    kind,
    message,
    channel,
    state,
    attempts,
    error
FROM alerts FINAL
LEFT JOIN
(
    SELECT
        alert_id,
        channel,
        argMax(state, attempt) AS state,
        max(attempt) AS attempts,
        argMax(error, attempt) AS error
    FROM alert_attempts FINAL
    GROUP BY alert_id, channel
) AS told ON told.alert_id = alerts.id
ORDER BY raised_at DESC, id, channel;
