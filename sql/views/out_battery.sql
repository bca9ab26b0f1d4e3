-- The battery by the hour as simulated last: what it held and could hold, how it answered frequency, how it aged.
CREATE OR REPLACE VIEW out_battery AS
WITH newest AS (
    SELECT *
    FROM battery_hour
    QUALIFY row_number() OVER (PARTITION BY valid_from ORDER BY known_at DESC, cycle_number DESC) = 1
),
new_battery AS (
    SELECT known_at, (content ->> '$.battery.capacity_kwh')::DOUBLE AS capacity_kwh
    FROM site
)
SELECT
    b.valid_from,
    b.duration_minutes,
    h.energy_stored_kwh,
    new_battery.capacity_kwh * b.state_of_health AS capacity_kwh,
    h.energy_stored_kwh / (new_battery.capacity_kwh * b.state_of_health) AS state_of_charge,
    b.product,
    b.performance_score,
    b.mileage,
    b.endurance_violation_s,
    b.temperature_c,
    b.state_of_health,
    b.equivalent_full_cycles,
    b.auxiliary_kwh,
    b.known_at,
    c.cycle_id
FROM newest AS b
JOIN cycle AS c USING (cycle_number)
LEFT JOIN (FROM simulation_hour WHERE asset = 'battery') AS h USING (valid_from, known_at, cycle_number)
ASOF LEFT JOIN new_battery ON b.known_at >= new_battery.known_at;
COMMENT ON VIEW out_battery IS 'The battery by the hour: charge, frequency response, temperature and health.';
COMMENT ON COLUMN out_battery.valid_from IS 'Start of the hour [UTC]';
COMMENT ON COLUMN out_battery.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN out_battery.energy_stored_kwh IS 'Energy in store at the end of the hour [kWh]';
COMMENT ON COLUMN out_battery.capacity_kwh IS 'What is left of the capacity of the site at the end of the hour [kWh]';
COMMENT ON COLUMN out_battery.state_of_charge IS 'Energy in store over that capacity [fraction]';
COMMENT ON COLUMN out_battery.product IS 'Frequency product that it served, as in PFR [text]';
COMMENT ON COLUMN out_battery.performance_score IS 'Of the response, as PJM scores it; empty where nothing was asked [fraction]';
COMMENT ON COLUMN out_battery.mileage IS 'Sum of the changes of the response asked for, over what was sold [1]';
COMMENT ON COLUMN out_battery.endurance_violation_s IS 'Seconds in which it held too little or too much energy for full response over its endurance [s]';
COMMENT ON COLUMN out_battery.temperature_c IS 'Temperature of the cells at the end of the hour [°C]';
COMMENT ON COLUMN out_battery.state_of_health IS 'Capacity at the end of the hour over that of the new battery [fraction]';
COMMENT ON COLUMN out_battery.equivalent_full_cycles IS 'Half of all the charge that went in and out since it was new, in capacities [1]';
COMMENT ON COLUMN out_battery.auxiliary_kwh IS 'Energy that its controls and its cooling drew [kWh]';
COMMENT ON COLUMN out_battery.known_at IS 'The as_of of the cycle that simulated it [UTC]';
COMMENT ON COLUMN out_battery.cycle_id IS 'Cycle that simulated it [text]';
