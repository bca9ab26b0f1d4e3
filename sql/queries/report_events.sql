-- Curtailments that touch [$start, $stop), and the metered load less the simulated one over their minutes.
WITH event AS (
    SELECT *, valid_from + to_minutes(duration_minutes) AS ends_at
    FROM demand_event
    WHERE valid_from < $stop AND valid_from + to_minutes(duration_minutes) > $start AND cycle_number <= $through_cycle
    QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY known_at DESC, cycle_number DESC) = 1
),
drawn AS (
    SELECT valid_from, duration_minutes, power_kw
    FROM simulation_minute
    WHERE asset = 'load' AND cycle_number <= $through_cycle
        AND valid_from >= (SELECT min(valid_from) FROM event) AND valid_from < (SELECT max(ends_at) FROM event)
    QUALIFY row_number() OVER (PARTITION BY valid_from ORDER BY known_at DESC, cycle_number DESC) = 1
),
metered AS (
    SELECT valid_from, duration_minutes, load_kw
    FROM site_load
    WHERE series = $load_series AND cycle_number <= $through_cycle
        AND valid_from > (SELECT min(valid_from) FROM event) - INTERVAL 1 DAY
        AND valid_from < (SELECT max(ends_at) FROM event)
    QUALIFY row_number() OVER (PARTITION BY valid_from ORDER BY known_at DESC, cycle_number DESC) = 1
),
effect AS (
    SELECT e.event_id, sum((d.power_kw + m.load_kw) * d.duration_minutes / 60) AS reduced_kwh
    FROM event AS e
    JOIN drawn AS d ON d.valid_from >= e.valid_from AND d.valid_from < e.ends_at
    JOIN metered AS m ON d.valid_from >= m.valid_from AND d.valid_from < m.valid_from + to_minutes(m.duration_minutes)
    GROUP BY e.event_id
)
SELECT
    e.event_id,
    e.valid_from AS start,
    e.ends_at AS stop,
    e.known_at AS called_at,
    e.target_reduction_kw,
    e.forecast_peak_kw,
    effect.reduced_kwh
FROM event AS e
LEFT JOIN effect USING (event_id)
ORDER BY e.valid_from, e.event_id
