-- What a site is, what was asked of it and how it did, and what the forecasters learned.

ALTER TABLE settlement_line ADD COLUMN asset VARCHAR DEFAULT 'site';
ALTER TABLE settlement_line ALTER COLUMN asset SET NOT NULL;
ALTER TABLE settlement_line ALTER COLUMN asset DROP DEFAULT;
COMMENT ON COLUMN settlement_line.asset IS 'battery, plant, load or site [text]';
COMMENT ON COLUMN settlement_line.service IS 'energy, imbalance, activation, capacity, degradation or demand_charge [text]';
COMMENT ON COLUMN settlement_line.amount IS 'Money, quantity / 1000 * price; earned positive [currency]';
COMMENT ON COLUMN settlement_line.quantity_kwh IS 'Settled energy, sale positive; of capacity the reserve times its hours; of a demand charge minus the rise of the peak, in kW; of degradation minus what was discharged [kWh]';
COMMENT ON COLUMN settlement_line.price_per_mwh IS 'Price applied; of capacity per MW and hour, of a demand charge per MW and month [currency/MWh]';

ALTER TABLE simulation_minute ADD COLUMN voltage_pu DOUBLE;
ALTER TABLE simulation_minute ADD COLUMN reactive_power_kvar DOUBLE;
COMMENT ON COLUMN simulation_minute.voltage_pu IS 'Mean grid voltage that the asset saw, of nominal [pu]';
COMMENT ON COLUMN simulation_minute.reactive_power_kvar IS 'Mean reactive power, injected positive; none for an asset without a converter [kvar]';

CREATE TABLE site (
    site_digest VARCHAR NOT NULL,
    content VARCHAR NOT NULL,
    known_at TIMESTAMPTZ NOT NULL,
    cycle_number INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE site IS 'The site as it was set, whenever it changed; every value is an assumption.';
COMMENT ON COLUMN site.site_digest IS 'Short name of the content, as in the state of each cycle [hex]';
COMMENT ON COLUMN site.content IS 'Every value by section and name, units in the names [JSON]';
COMMENT ON COLUMN site.known_at IS 'The as_of of the first cycle that used it [UTC]';
COMMENT ON COLUMN site.cycle_number IS 'Cycle that wrote the row [1]';
COMMENT ON COLUMN site.recorded_at IS 'When the row was written, by the wall clock; in no history hash [UTC]';

CREATE TABLE model_weights (
    model_version VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    shape INTEGER[] NOT NULL,
    numbers DOUBLE[] NOT NULL,
    known_at TIMESTAMPTZ NOT NULL,
    cycle_number INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE model_weights IS 'What a forecaster learned, as plain arrays: reading them can run no code.';
COMMENT ON COLUMN model_weights.model_version IS 'Forecaster [text]';
COMMENT ON COLUMN model_weights.name IS 'Array [text]';
COMMENT ON COLUMN model_weights.shape IS 'Its lengths, outermost first [1]';
COMMENT ON COLUMN model_weights.numbers IS 'Its values in row order, in units of the recipe [variable]';
COMMENT ON COLUMN model_weights.known_at IS 'The as_of of the training [UTC]';
COMMENT ON COLUMN model_weights.cycle_number IS 'Cycle that wrote the row [1]';
COMMENT ON COLUMN model_weights.recorded_at IS 'When the row was written, by the wall clock; in no history hash [UTC]';

CREATE TABLE model_serving (
    variable VARCHAR NOT NULL,
    series VARCHAR NOT NULL,
    model_version VARCHAR NOT NULL,
    chosen_by VARCHAR NOT NULL,
    known_at TIMESTAMPTZ NOT NULL,
    cycle_number INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE model_serving IS 'Which forecaster serves; the newest row of a series holds.';
COMMENT ON COLUMN model_serving.variable IS 'price or load [text]';
COMMENT ON COLUMN model_serving.series IS 'Which series: a price hub, a meter, a station [text]';
COMMENT ON COLUMN model_serving.model_version IS 'Forecaster [text]';
COMMENT ON COLUMN model_serving.chosen_by IS 'selection: had the lowest error; operator: was promoted or rolled back to, and stays [text]';
COMMENT ON COLUMN model_serving.known_at IS 'The as_of of the cycle that chose it [UTC]';
COMMENT ON COLUMN model_serving.cycle_number IS 'Cycle that wrote the row [1]';
COMMENT ON COLUMN model_serving.recorded_at IS 'When the row was written, by the wall clock; in no history hash [UTC]';

CREATE TABLE demand_event (
    event_id VARCHAR NOT NULL,
    valid_from TIMESTAMPTZ NOT NULL,
    duration_minutes INTEGER NOT NULL,
    known_at TIMESTAMPTZ NOT NULL,
    target_reduction_kw DOUBLE NOT NULL,
    ramp_kw_per_minute DOUBLE NOT NULL,
    forecast_peak_kw DOUBLE NOT NULL,
    cycle_number INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE demand_event IS 'Curtailments that were called.';
COMMENT ON COLUMN demand_event.event_id IS 'Name of the event [text]';
COMMENT ON COLUMN demand_event.valid_from IS 'Start of the interval that the row is about [UTC]';
COMMENT ON COLUMN demand_event.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN demand_event.known_at IS 'The as_of of the cycle that called it [UTC]';
COMMENT ON COLUMN demand_event.target_reduction_kw IS 'Largest reduction asked [kW]';
COMMENT ON COLUMN demand_event.ramp_kw_per_minute IS 'How fast the reduction rises and falls, within the event [kW/minute]';
COMMENT ON COLUMN demand_event.forecast_peak_kw IS 'Load forecast that called it [kW]';
COMMENT ON COLUMN demand_event.cycle_number IS 'Cycle that wrote the row [1]';
COMMENT ON COLUMN demand_event.recorded_at IS 'When the row was written, by the wall clock; in no history hash [UTC]';

CREATE TABLE service_request (
    request_id VARCHAR NOT NULL,
    service VARCHAR NOT NULL,
    priority VARCHAR NOT NULL,
    valid_from TIMESTAMPTZ NOT NULL,
    duration_minutes INTEGER NOT NULL,
    known_at TIMESTAMPTZ NOT NULL,
    requested DOUBLE NOT NULL,
    granted DOUBLE NOT NULL,
    unit VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    cycle_number INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE service_request IS 'What was asked of the coordinator, and what it granted.';
COMMENT ON COLUMN service_request.request_id IS 'Name of the request [text]';
COMMENT ON COLUMN service_request.service IS 'Service, as in frequency_response [text]';
COMMENT ON COLUMN service_request.priority IS 'HIGH, MEDIUM or LOW [text]';
COMMENT ON COLUMN service_request.valid_from IS 'Start of the interval that the row is about [UTC]';
COMMENT ON COLUMN service_request.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN service_request.known_at IS 'The as_of of the cycle that decided it [UTC]';
COMMENT ON COLUMN service_request.requested IS 'What was asked, in the unit of the row [unit]';
COMMENT ON COLUMN service_request.granted IS 'What was granted, in the unit of the row [unit]';
COMMENT ON COLUMN service_request.unit IS 'kW or kvar [text]';
COMMENT ON COLUMN service_request.state IS 'State when the cycle ended, as in GRANTED or REJECTED [text]';
COMMENT ON COLUMN service_request.reason IS 'Why, in words [text]';
COMMENT ON COLUMN service_request.cycle_number IS 'Cycle that wrote the row [1]';
COMMENT ON COLUMN service_request.recorded_at IS 'When the row was written, by the wall clock; in no history hash [UTC]';

CREATE TABLE service_performance (
    service VARCHAR NOT NULL,
    valid_from TIMESTAMPTZ NOT NULL,
    duration_minutes INTEGER NOT NULL,
    known_at TIMESTAMPTZ NOT NULL,
    committed DOUBLE NOT NULL,
    uptime DOUBLE,
    response_time_s DOUBLE,
    accuracy DOUBLE,
    requested_kwh DOUBLE NOT NULL,
    delivered_kwh DOUBLE NOT NULL,
    cycle_number INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE service_performance IS 'How each service did, measured on the simulated hour.';
COMMENT ON COLUMN service_performance.service IS 'Service, as in frequency_response [text]';
COMMENT ON COLUMN service_performance.valid_from IS 'Start of the interval that the row is about [UTC]';
COMMENT ON COLUMN service_performance.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN service_performance.known_at IS 'The as_of of the cycle that measured it [UTC]';
COMMENT ON COLUMN service_performance.committed IS 'What was committed: kW, kvar of voltage support [kW]';
COMMENT ON COLUMN service_performance.uptime IS 'Committed time in which it was deliverable; none where nothing was committed [fraction]';
COMMENT ON COLUMN service_performance.response_time_s IS 'Mean time to 90 % of a step that was asked; none without one [s]';
COMMENT ON COLUMN service_performance.accuracy IS 'One less the share of what was asked that was missed; none where nothing was asked [fraction]';
COMMENT ON COLUMN service_performance.requested_kwh IS 'Sum of the absolute values asked: kWh, kvarh of voltage support [kWh]';
COMMENT ON COLUMN service_performance.delivered_kwh IS 'Sum of the absolute values delivered: kWh, kvarh of voltage support [kWh]';
COMMENT ON COLUMN service_performance.cycle_number IS 'Cycle that wrote the row [1]';
COMMENT ON COLUMN service_performance.recorded_at IS 'When the row was written, by the wall clock; in no history hash [UTC]';
