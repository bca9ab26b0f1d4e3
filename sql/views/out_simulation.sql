-- The simulated assets by the minute, with the state of charge of the capacity that is left.
CREATE OR REPLACE VIEW out_simulation AS
WITH newest AS (
    SELECT *
    FROM simulation_minute
    QUALIFY row_number() OVER (PARTITION BY asset, valid_from ORDER BY known_at DESC, cycle_number DESC) = 1
)
SELECT
    m.asset,
    m.valid_from,
    m.duration_minutes,
    m.setpoint_kw,
    m.power_kw,
    m.energy_stored_kwh,
    CASE
        WHEN m.asset = 'battery'
            THEN m.energy_stored_kwh / coalesce(b.capacity_kwh, (site.content ->> '$.battery.capacity_kwh')::DOUBLE)
    END AS state_of_charge,
    m.frequency_hz,
    m.voltage_pu,
    m.reactive_power_kvar,
    m.known_at
FROM newest AS m
ASOF LEFT JOIN out_battery AS b ON m.valid_from >= b.valid_from
ASOF LEFT JOIN site ON m.known_at >= site.known_at;
COMMENT ON VIEW out_simulation IS 'The simulated assets by the minute: means of the 1 s steps; energy at the end of the minute.';
COMMENT ON COLUMN out_simulation.asset IS 'battery, plant, load or site [text]';
COMMENT ON COLUMN out_simulation.valid_from IS 'Start of the minute [UTC]';
COMMENT ON COLUMN out_simulation.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN out_simulation.setpoint_kw IS 'Mean of what was asked; to the grid positive [kW]';
COMMENT ON COLUMN out_simulation.power_kw IS 'Mean of what flowed, of the battery with its auxiliaries; to the grid positive [kW]';
COMMENT ON COLUMN out_simulation.energy_stored_kwh IS 'Energy in store at the end of the minute; empty for an asset without a store [kWh]';
COMMENT ON COLUMN out_simulation.state_of_charge IS 'Energy in the battery over what is left of its capacity; empty for other assets [fraction]';
COMMENT ON COLUMN out_simulation.frequency_hz IS 'Mean grid frequency, where the asset sees the grid [Hz]';
COMMENT ON COLUMN out_simulation.voltage_pu IS 'Mean grid voltage, of nominal, where the asset sees the grid [pu]';
COMMENT ON COLUMN out_simulation.reactive_power_kvar IS 'Mean reactive power, injected positive; empty without a converter [kvar]';
COMMENT ON COLUMN out_simulation.known_at IS 'The as_of of the cycle that simulated it [UTC]';
