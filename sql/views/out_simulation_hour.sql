-- The simulated assets by the hour, with the state of charge of the capacity that is left.
CREATE OR REPLACE VIEW out_simulation_hour AS
WITH newest AS (
    SELECT *
    FROM simulation_hour
    QUALIFY row_number() OVER (PARTITION BY asset, valid_from ORDER BY known_at DESC, cycle_number DESC) = 1
)
SELECT
    h.asset,
    h.valid_from,
    h.duration_minutes,
    h.energy_out_kwh,
    h.energy_in_kwh,
    h.energy_out_kwh - h.energy_in_kwh AS net_kwh,
    h.energy_stored_kwh,
    CASE
        WHEN h.asset = 'battery'
            THEN h.energy_stored_kwh / coalesce(b.capacity_kwh, (site.content ->> '$.battery.capacity_kwh')::DOUBLE)
    END AS state_of_charge,
    h.seconds_limited,
    h.known_at,
    c.cycle_id
FROM newest AS h
JOIN cycle AS c USING (cycle_number)
ASOF LEFT JOIN out_battery AS b ON h.valid_from >= b.valid_from
ASOF LEFT JOIN site ON h.known_at >= site.known_at;
COMMENT ON VIEW out_simulation_hour IS 'The simulated assets by the hour.';
COMMENT ON COLUMN out_simulation_hour.asset IS 'battery, plant, load or site [text]';
COMMENT ON COLUMN out_simulation_hour.valid_from IS 'Start of the hour [UTC]';
COMMENT ON COLUMN out_simulation_hour.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN out_simulation_hour.energy_out_kwh IS 'Energy to the grid side, of the battery less its auxiliaries, never negative [kWh]';
COMMENT ON COLUMN out_simulation_hour.energy_in_kwh IS 'Energy from the grid side, of the battery with its auxiliaries, never negative [kWh]';
COMMENT ON COLUMN out_simulation_hour.net_kwh IS 'Out minus in [kWh]';
COMMENT ON COLUMN out_simulation_hour.energy_stored_kwh IS 'Energy in store at the end of the hour; empty for an asset without a store [kWh]';
COMMENT ON COLUMN out_simulation_hour.state_of_charge IS 'Energy in the battery over what is left of its capacity; empty for other assets [fraction]';
COMMENT ON COLUMN out_simulation_hour.seconds_limited IS 'Seconds in which the asset could not follow its setpoint [s]';
COMMENT ON COLUMN out_simulation_hour.known_at IS 'The as_of of the cycle that simulated it [UTC]';
COMMENT ON COLUMN out_simulation_hour.cycle_id IS 'Cycle that simulated it [text]';
