-- Settled hours of which another price came since, as metered, with the price they were settled on last and the site by
-- whose terms they were settled first; as of an instant and a cycle. What came with the cycle itself counts. A price that
-- came in time was known before its interval began.
WITH late AS (
    SELECT date_trunc('hour', valid_from) AS valid_from, max(cycle_number) AS cycle_number
    FROM price
    WHERE known_at > valid_from AND known_at <= $as_of AND cycle_number <= $through_cycle + 1
    GROUP BY ALL
),
settled AS (
    SELECT
        valid_from,
        min(cycle_number) AS first_cycle,
        max(cycle_number) AS last_cycle,
        arg_max(price_per_mwh, cycle_number) FILTER (service = 'energy') AS price_per_mwh,
        arg_max(quantity_kwh, cycle_number) FILTER (service = 'activation') AS activation_kwh,
        0 - arg_max(quantity_kwh, cycle_number) FILTER (service = 'degradation') AS discharged_kwh,
        0 - arg_max(quantity_kwh, cycle_number) FILTER (service = 'demand_charge') AS peak_rise_kw
    FROM settlement_line
    SEMI JOIN late USING (valid_from)
    WHERE known_at <= $as_of AND cycle_number <= $through_cycle
    GROUP BY valid_from
),
site_hour AS (
    SELECT valid_from, energy_out_kwh - energy_in_kwh AS net_kwh
    FROM simulation_hour
    WHERE asset = 'site' AND known_at <= $as_of AND cycle_number <= $through_cycle
),
performance AS (
    SELECT
        valid_from,
        coalesce(any_value(committed) FILTER (service = 'frequency_response'), 0) AS reserve_kw,
        coalesce(any_value(uptime) FILTER (service = 'frequency_response'), 0) AS availability,
        coalesce(any_value(delivered_kwh) FILTER (service = 'non_critical_demand_response'), 0) AS reduction_kwh
    FROM service_performance
    SEMI JOIN late USING (valid_from)
    WHERE known_at <= $as_of AND cycle_number <= $through_cycle
    GROUP BY valid_from
),
battery AS (
    SELECT valid_from, performance_score
    FROM battery_hour
    WHERE known_at <= $as_of AND cycle_number <= $through_cycle
)
SELECT
    settled.valid_from AS start,
    net_kwh,
    activation_kwh,
    discharged_kwh,
    reserve_kw,
    availability,
    peak_rise_kw,
    reduction_kwh,
    performance_score,
    price_per_mwh,
    (
        SELECT any_value(content)
        FROM site
        WHERE site_digest = (cycle.state ->> '$.site') AND known_at <= $as_of AND cycle_number <= $through_cycle
    ) AS site_content
FROM settled
JOIN late USING (valid_from)
JOIN site_hour USING (valid_from)
JOIN performance USING (valid_from)
LEFT JOIN battery USING (valid_from)
JOIN cycle ON cycle.cycle_number = settled.first_cycle
WHERE late.cycle_number > settled.last_cycle
ORDER BY start
