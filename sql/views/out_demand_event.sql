-- Curtailments with what they did: the metered load less the simulated one, over the minutes of the event.
CREATE OR REPLACE VIEW out_demand_event AS
WITH event AS (
    SELECT *, valid_from + to_minutes(duration_minutes) AS ends_at
    FROM demand_event
    QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY known_at DESC, cycle_number DESC) = 1
),
drawn AS (
    SELECT valid_from, duration_minutes, arg_max(power_kw, (known_at, cycle_number)) AS power_kw
    FROM simulation_minute
    WHERE asset = 'load'
    GROUP BY valid_from, duration_minutes
),
metered AS (
    SELECT valid_from, duration_minutes, arg_max(load_kw, (known_at, cycle_number)) AS load_kw
    FROM site_load
    WHERE series = (SELECT content ->> '$.market.load_series' FROM site ORDER BY known_at DESC LIMIT 1)
    GROUP BY valid_from, duration_minutes
),
effect AS (
    SELECT
        e.event_id,
        sum((m.power_kw + l.load_kw) * m.duration_minutes / 60) AS reduced_kwh,
        max(m.power_kw + l.load_kw) AS largest_reduction_kw
    FROM event AS e
    JOIN drawn AS m ON m.valid_from >= e.valid_from AND m.valid_from < e.ends_at
    JOIN metered AS l
        ON m.valid_from >= l.valid_from
        AND m.valid_from < l.valid_from + to_minutes(l.duration_minutes)
    GROUP BY e.event_id
)
SELECT
    e.event_id,
    e.valid_from,
    e.ends_at,
    e.duration_minutes,
    e.target_reduction_kw,
    e.ramp_kw_per_minute,
    e.forecast_peak_kw,
    effect.reduced_kwh,
    effect.largest_reduction_kw,
    e.known_at,
    c.cycle_id
FROM event AS e
JOIN cycle AS c USING (cycle_number)
LEFT JOIN effect USING (event_id);
COMMENT ON VIEW out_demand_event IS 'Curtailments that were called, and what they reduced as simulated.';
COMMENT ON COLUMN out_demand_event.event_id IS 'Name of the event [text]';
COMMENT ON COLUMN out_demand_event.valid_from IS 'Start of the event [UTC]';
COMMENT ON COLUMN out_demand_event.ends_at IS 'First instant after the event [UTC]';
COMMENT ON COLUMN out_demand_event.duration_minutes IS 'Length of the event [minutes]';
COMMENT ON COLUMN out_demand_event.target_reduction_kw IS 'Largest reduction asked [kW]';
COMMENT ON COLUMN out_demand_event.ramp_kw_per_minute IS 'How fast the reduction rises and falls, within the event [kW/minute]';
COMMENT ON COLUMN out_demand_event.forecast_peak_kw IS 'Load forecast that called it [kW]';
COMMENT ON COLUMN out_demand_event.reduced_kwh IS 'Metered load less simulated load within the event; empty before it is simulated [kWh]';
COMMENT ON COLUMN out_demand_event.largest_reduction_kw IS 'The largest of these differences in any minute [kW]';
COMMENT ON COLUMN out_demand_event.known_at IS 'The as_of of the cycle that called it [UTC]';
COMMENT ON COLUMN out_demand_event.cycle_id IS 'Cycle that called it [text]';
