-- I14: the battery only ages, holds what its limits allow to 1e-4 of its capacity, and does nothing for longer than the hour.
WITH limits AS (
    SELECT
        known_at,
        (content ->> '$.battery.capacity_kwh')::DOUBLE AS capacity_kwh,
        (content ->> '$.battery.min_state_of_charge')::DOUBLE AS least,
        (content ->> '$.battery.max_state_of_charge')::DOUBLE AS most
    FROM site
),
flagged AS (
    SELECT valid_from, known_at, cycle_number, max(seconds) AS longest_flag_s
    FROM battery_flag
    GROUP BY ALL
),
hours AS (
    SELECT
        *,
        lag(state_of_health, 1, 1.0) OVER chain AS state_of_health_before,
        lag(equivalent_full_cycles, 1, 0.0) OVER chain AS equivalent_full_cycles_before,
        greatest(endurance_violation_s, coalesce(longest_flag_s, 0)) AS longest_s
    FROM battery_hour
    LEFT JOIN flagged USING (valid_from, known_at, cycle_number)
    WINDOW chain AS (ORDER BY valid_from, known_at)
)
SELECT
    h.valid_from,
    h.state_of_health_before,
    h.state_of_health,
    h.equivalent_full_cycles_before,
    h.equivalent_full_cycles,
    e.energy_stored_kwh / (limits.capacity_kwh * h.state_of_health_before) AS state_of_charge,
    h.longest_s
FROM hours AS h
LEFT JOIN (FROM simulation_hour WHERE asset = 'battery') AS e USING (valid_from, known_at, cycle_number)
ASOF LEFT JOIN limits ON h.known_at >= limits.known_at
WHERE NOT coalesce(
    h.state_of_health BETWEEN 0 AND h.state_of_health_before
    AND h.equivalent_full_cycles >= h.equivalent_full_cycles_before
    AND state_of_charge BETWEEN limits.least - 1e-4 AND limits.most + 1e-4
    AND h.longest_s <= 60 * h.duration_minutes + 1e-6,
    false
)
ORDER BY ALL
