-- Curtailments that touch [$start, $stop), as of an instant and a cycle.
SELECT
    event_id,
    valid_from AS start,
    duration_minutes,
    target_reduction_kw,
    ramp_kw_per_minute,
    forecast_peak_kw
FROM demand_event
WHERE valid_from + to_minutes(duration_minutes) > $start AND valid_from < $stop
    AND known_at <= $as_of AND cycle_number <= $through_cycle
ORDER BY valid_from, event_id
