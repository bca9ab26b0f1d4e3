-- What an hour was to the battery beside its energy: its response, its temperature, its health, and what was special in it.

CREATE TABLE battery_hour (
    valid_from TIMESTAMPTZ NOT NULL,
    duration_minutes INTEGER NOT NULL,
    known_at TIMESTAMPTZ NOT NULL,
    product VARCHAR NOT NULL,
    performance_score DOUBLE,
    mileage DOUBLE NOT NULL,
    endurance_violation_s DOUBLE NOT NULL,
    temperature_c DOUBLE NOT NULL,
    state_of_health DOUBLE NOT NULL,
    equivalent_full_cycles DOUBLE NOT NULL,
    auxiliary_kwh DOUBLE NOT NULL,
    cycle_number INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE battery_hour IS 'The battery by the hour beside its energy: how it answered frequency, and how it aged.';
COMMENT ON COLUMN battery_hour.valid_from IS 'Start of the interval that the row is about [UTC]';
COMMENT ON COLUMN battery_hour.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN battery_hour.known_at IS 'The as_of of the cycle that simulated it [UTC]';
COMMENT ON COLUMN battery_hour.product IS 'Frequency product that it served, as in PFR [text]';
COMMENT ON COLUMN battery_hour.performance_score IS 'Of the response, as PJM scores it; none where nothing was asked [fraction]';
COMMENT ON COLUMN battery_hour.mileage IS 'Sum of the changes of the response asked for, over what was sold [1]';
COMMENT ON COLUMN battery_hour.endurance_violation_s IS 'Seconds in which it held too little or too much energy for full response over its endurance [s]';
COMMENT ON COLUMN battery_hour.temperature_c IS 'Temperature of the cells at the end of the hour [°C]';
COMMENT ON COLUMN battery_hour.state_of_health IS 'Capacity at the end of the hour over that of the new battery [fraction]';
COMMENT ON COLUMN battery_hour.equivalent_full_cycles IS 'Half of all the charge that went in and out since it was new, in capacities [1]';
COMMENT ON COLUMN battery_hour.auxiliary_kwh IS 'Energy that its controls and its cooling drew [kWh]';
COMMENT ON COLUMN battery_hour.cycle_number IS 'Cycle that wrote the row [1]';
COMMENT ON COLUMN battery_hour.recorded_at IS 'When the row was written, by the wall clock; in no history hash [UTC]';

CREATE TABLE battery_flag (
    flag VARCHAR NOT NULL,
    valid_from TIMESTAMPTZ NOT NULL,
    duration_minutes INTEGER NOT NULL,
    known_at TIMESTAMPTZ NOT NULL,
    seconds DOUBLE NOT NULL,
    cycle_number INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE battery_flag IS 'What was special in the battery''s hours, one row per flag that occurred; several may hold in one second.';
COMMENT ON COLUMN battery_flag.flag IS 'A fault of the frequency as measured, or how energy was managed, as in frozen or restoring_up [text]';
COMMENT ON COLUMN battery_flag.valid_from IS 'Start of the interval that the row is about [UTC]';
COMMENT ON COLUMN battery_flag.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN battery_flag.known_at IS 'The as_of of the cycle that simulated it [UTC]';
COMMENT ON COLUMN battery_flag.seconds IS 'For how long it held [s]';
COMMENT ON COLUMN battery_flag.cycle_number IS 'Cycle that wrote the row [1]';
COMMENT ON COLUMN battery_flag.recorded_at IS 'When the row was written, by the wall clock; in no history hash [UTC]';

COMMENT ON COLUMN simulation_minute.power_kw IS 'Mean of what flowed, of the battery with its auxiliaries [kW]';
COMMENT ON COLUMN simulation_hour.energy_out_kwh IS 'Energy to the grid side, of the battery less its auxiliaries, never negative [kWh]';
COMMENT ON COLUMN simulation_hour.energy_in_kwh IS 'Energy from the grid side, of the battery with its auxiliaries, never negative [kWh]';
COMMENT ON COLUMN energy_ledger.entry IS 'in, out, a loss by its physical name, auxiliary of the battery, shed of the load, or store_change [text]';
