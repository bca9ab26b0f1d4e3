-- What is kept out of the history, for which reason, since when, and what does such a row look like?
SELECT
    feed,
    reason,
    count(*) AS rows_quarantined,
    count(DISTINCT cycle_id) AS cycles,
    min(valid_from) AS first_interval,
    max(valid_from) AS last_interval,
    max(known_at) AS last_refused_at,
    arg_max(origin, known_at) AS last_origin,
    arg_max(raw, known_at) AS last_raw
FROM out_quarantine
GROUP BY feed, reason
ORDER BY rows_quarantined DESC, feed, reason
