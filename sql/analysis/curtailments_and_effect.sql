-- Which curtailments were called, what did they ask, and what did they reduce? Newest first.
SELECT
    event_id,
    valid_from,
    valid_from AT TIME ZONE 'America/Chicago' AS local_time,
    duration_minutes,
    (epoch(valid_from) - epoch(known_at)) / 3600 AS notice_hours,
    forecast_peak_kw,
    target_reduction_kw,
    largest_reduction_kw,
    reduced_kwh,
    reduced_kwh / nullif(target_reduction_kw * duration_minutes / 60, 0) AS share_of_target
FROM out_demand_event
ORDER BY valid_from DESC, event_id
