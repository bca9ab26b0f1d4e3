-- What was decided, simulated and earned. Positive power flows to the grid: generation and discharge +, load and charge -.

CREATE TABLE bid (
    bid_id VARCHAR NOT NULL,
    market VARCHAR NOT NULL,
    product VARCHAR NOT NULL,
    series VARCHAR NOT NULL,
    valid_from TIMESTAMPTZ NOT NULL,
    duration_minutes INTEGER NOT NULL,
    issued_at TIMESTAMPTZ NOT NULL,
    known_at TIMESTAMPTZ NOT NULL,
    price_per_mwh DOUBLE NOT NULL,
    quantity_kw DOUBLE NOT NULL,
    currency VARCHAR NOT NULL,
    cycle_number INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE bid IS 'Bids as submitted, one row per step of a price-quantity curve.';
COMMENT ON COLUMN bid.bid_id IS 'Client order id; the same bid sent twice bears the same id [text]';
COMMENT ON COLUMN bid.market IS 'Market and auction [text]';
COMMENT ON COLUMN bid.product IS 'Product within the market [text]';
COMMENT ON COLUMN bid.series IS 'Which series: a price hub, a meter, a station [text]';
COMMENT ON COLUMN bid.valid_from IS 'Start of the interval that the row is about [UTC]';
COMMENT ON COLUMN bid.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN bid.issued_at IS 'The as_of of the cycle that made it [UTC]';
COMMENT ON COLUMN bid.known_at IS 'When one could first have known the row, by the publication rule of its feed [UTC]';
COMMENT ON COLUMN bid.price_per_mwh IS 'Limit price of the step [currency/MWh]';
COMMENT ON COLUMN bid.quantity_kw IS 'Cumulative quantity; sale positive, purchase negative [kW]';
COMMENT ON COLUMN bid.currency IS 'Currency of the price [ISO 4217]';
COMMENT ON COLUMN bid.cycle_number IS 'Cycle that wrote the row [1]';
COMMENT ON COLUMN bid.recorded_at IS 'When the row was written, by the wall clock; in no history hash [UTC]';

CREATE TABLE schedule (
    asset VARCHAR NOT NULL,
    valid_from TIMESTAMPTZ NOT NULL,
    duration_minutes INTEGER NOT NULL,
    issued_at TIMESTAMPTZ NOT NULL,
    known_at TIMESTAMPTZ NOT NULL,
    setpoint_kw DOUBLE NOT NULL,
    reserved_up_kw DOUBLE NOT NULL,
    reserved_down_kw DOUBLE NOT NULL,
    cycle_number INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE schedule IS 'Setpoints as planned; the newest known plan of an interval holds.';
COMMENT ON COLUMN schedule.asset IS 'battery, plant, load or site [text]';
COMMENT ON COLUMN schedule.valid_from IS 'Start of the interval that the row is about [UTC]';
COMMENT ON COLUMN schedule.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN schedule.issued_at IS 'The as_of of the cycle that made it [UTC]';
COMMENT ON COLUMN schedule.known_at IS 'When one could first have known the row, by the publication rule of its feed [UTC]';
COMMENT ON COLUMN schedule.setpoint_kw IS 'Planned mean power of the interval [kW]';
COMMENT ON COLUMN schedule.reserved_up_kw IS 'Headroom kept for services upward [kW]';
COMMENT ON COLUMN schedule.reserved_down_kw IS 'Headroom kept for services downward [kW]';
COMMENT ON COLUMN schedule.cycle_number IS 'Cycle that wrote the row [1]';
COMMENT ON COLUMN schedule.recorded_at IS 'When the row was written, by the wall clock; in no history hash [UTC]';

CREATE TABLE simulation_minute (
    asset VARCHAR NOT NULL,
    valid_from TIMESTAMPTZ NOT NULL,
    duration_minutes INTEGER NOT NULL,
    known_at TIMESTAMPTZ NOT NULL,
    setpoint_kw DOUBLE NOT NULL,
    power_kw DOUBLE NOT NULL,
    energy_stored_kwh DOUBLE,
    frequency_hz DOUBLE,
    cycle_number INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE simulation_minute IS 'The simulated asset by the minute: means of the 1 s steps.';
COMMENT ON COLUMN simulation_minute.asset IS 'battery, plant, load or site [text]';
COMMENT ON COLUMN simulation_minute.valid_from IS 'Start of the interval that the row is about [UTC]';
COMMENT ON COLUMN simulation_minute.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN simulation_minute.known_at IS 'When one could first have known the row, by the publication rule of its feed [UTC]';
COMMENT ON COLUMN simulation_minute.setpoint_kw IS 'Mean of what was asked [kW]';
COMMENT ON COLUMN simulation_minute.power_kw IS 'Mean of what flowed [kW]';
COMMENT ON COLUMN simulation_minute.energy_stored_kwh IS 'Energy in store at the end of the minute; none for an asset without a store [kWh]';
COMMENT ON COLUMN simulation_minute.frequency_hz IS 'Mean grid frequency that the asset saw [Hz]';
COMMENT ON COLUMN simulation_minute.cycle_number IS 'Cycle that wrote the row [1]';
COMMENT ON COLUMN simulation_minute.recorded_at IS 'When the row was written, by the wall clock; in no history hash [UTC]';

CREATE TABLE simulation_hour (
    asset VARCHAR NOT NULL,
    valid_from TIMESTAMPTZ NOT NULL,
    duration_minutes INTEGER NOT NULL,
    known_at TIMESTAMPTZ NOT NULL,
    energy_out_kwh DOUBLE NOT NULL,
    energy_in_kwh DOUBLE NOT NULL,
    energy_stored_kwh DOUBLE,
    seconds_limited INTEGER NOT NULL,
    cycle_number INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE simulation_hour IS 'The simulated asset by the hour.';
COMMENT ON COLUMN simulation_hour.asset IS 'battery, plant, load or site [text]';
COMMENT ON COLUMN simulation_hour.valid_from IS 'Start of the interval that the row is about [UTC]';
COMMENT ON COLUMN simulation_hour.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN simulation_hour.known_at IS 'When one could first have known the row, by the publication rule of its feed [UTC]';
COMMENT ON COLUMN simulation_hour.energy_out_kwh IS 'Energy to the grid side, never negative [kWh]';
COMMENT ON COLUMN simulation_hour.energy_in_kwh IS 'Energy from the grid side, never negative [kWh]';
COMMENT ON COLUMN simulation_hour.energy_stored_kwh IS 'Energy in store at the end of the hour [kWh]';
COMMENT ON COLUMN simulation_hour.seconds_limited IS 'Seconds in which the asset could not follow its setpoint [s]';
COMMENT ON COLUMN simulation_hour.cycle_number IS 'Cycle that wrote the row [1]';
COMMENT ON COLUMN simulation_hour.recorded_at IS 'When the row was written, by the wall clock; in no history hash [UTC]';

CREATE TABLE energy_ledger (
    asset VARCHAR NOT NULL,
    valid_from TIMESTAMPTZ NOT NULL,
    duration_minutes INTEGER NOT NULL,
    known_at TIMESTAMPTZ NOT NULL,
    entry VARCHAR NOT NULL,
    energy_kwh DOUBLE NOT NULL,
    cycle_number INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE energy_ledger IS 'Where the energy of each asset and hour went; in = out + losses + change in store.';
COMMENT ON COLUMN energy_ledger.asset IS 'battery, plant, load or site [text]';
COMMENT ON COLUMN energy_ledger.valid_from IS 'Start of the interval that the row is about [UTC]';
COMMENT ON COLUMN energy_ledger.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN energy_ledger.known_at IS 'When one could first have known the row, by the publication rule of its feed [UTC]';
COMMENT ON COLUMN energy_ledger.entry IS 'in, out, a loss by its physical name, or store_change [text]';
COMMENT ON COLUMN energy_ledger.energy_kwh IS 'Energy of the entry, signed so that the entries of an asset and hour sum to zero [kWh]';
COMMENT ON COLUMN energy_ledger.cycle_number IS 'Cycle that wrote the row [1]';
COMMENT ON COLUMN energy_ledger.recorded_at IS 'When the row was written, by the wall clock; in no history hash [UTC]';

CREATE TABLE settlement_line (
    service VARCHAR NOT NULL,
    valid_from TIMESTAMPTZ NOT NULL,
    duration_minutes INTEGER NOT NULL,
    known_at TIMESTAMPTZ NOT NULL,
    quantity_kwh DOUBLE NOT NULL,
    price_per_mwh DOUBLE NOT NULL,
    amount DOUBLE NOT NULL,
    currency VARCHAR NOT NULL,
    cycle_number INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE settlement_line IS 'Money by service and interval; lines sum to the net, revisions are new rows.';
COMMENT ON COLUMN settlement_line.service IS 'energy, imbalance, capacity, activation, demand_response, degradation or fee [text]';
COMMENT ON COLUMN settlement_line.valid_from IS 'Start of the interval that the row is about [UTC]';
COMMENT ON COLUMN settlement_line.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN settlement_line.known_at IS 'When one could first have known the row, by the publication rule of its feed [UTC]';
COMMENT ON COLUMN settlement_line.quantity_kwh IS 'Settled energy; sale positive [kWh]';
COMMENT ON COLUMN settlement_line.price_per_mwh IS 'Price applied [currency/MWh]';
COMMENT ON COLUMN settlement_line.amount IS 'Money; earned positive [currency]';
COMMENT ON COLUMN settlement_line.currency IS 'Currency of the amount [ISO 4217]';
COMMENT ON COLUMN settlement_line.cycle_number IS 'Cycle that wrote the row [1]';
COMMENT ON COLUMN settlement_line.recorded_at IS 'When the row was written, by the wall clock; in no history hash [UTC]';
