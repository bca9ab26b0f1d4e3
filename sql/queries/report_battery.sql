-- The battery over the hours of [$start, $stop), as simulated last; no row where none was.
SELECT
    arg_max(product, valid_from) AS product,
    avg(performance_score) AS performance_score,
    sum(mileage) AS mileage,
    sum(endurance_violation_s) AS endurance_violation_s,
    min(temperature_c) AS lowest_temperature_c,
    max(temperature_c) AS highest_temperature_c,
    arg_max(state_of_health, valid_from) AS state_of_health,
    arg_max(equivalent_full_cycles, valid_from) AS equivalent_full_cycles,
    sum(auxiliary_kwh) AS auxiliary_kwh
FROM (
    SELECT *
    FROM battery_hour
    WHERE valid_from >= $start AND valid_from < $stop AND cycle_number <= $through_cycle
    QUALIFY row_number() OVER (PARTITION BY valid_from ORDER BY known_at DESC, cycle_number DESC) = 1
)
HAVING count(*) > 0
