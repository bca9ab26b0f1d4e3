-- What the sources say: bitemporal, append-only, ordered by time, without primary key (see README, Decisions).
-- Unique by (series, valid_from, known_at): kept so on insert, checked by `kpp-twin verify`.

CREATE TABLE price (
    series VARCHAR NOT NULL,
    valid_from TIMESTAMPTZ NOT NULL,
    duration_minutes INTEGER NOT NULL,
    known_at TIMESTAMPTZ NOT NULL,
    price_per_mwh DOUBLE NOT NULL,
    currency VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    flags VARCHAR NOT NULL,
    cycle_number INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE price IS 'Day-ahead prices as published; a correction is a new row with a later known_at.';
COMMENT ON COLUMN price.series IS 'Which series: a price hub, a meter, a station [text]';
COMMENT ON COLUMN price.valid_from IS 'Start of the interval that the row is about [UTC]';
COMMENT ON COLUMN price.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN price.known_at IS 'When one could first have known the row, by the publication rule of its feed [UTC]';
COMMENT ON COLUMN price.price_per_mwh IS 'Day-ahead clearing price; may be negative [currency/MWh]';
COMMENT ON COLUMN price.currency IS 'Currency of the price [ISO 4217]';
COMMENT ON COLUMN price.source IS 'Where the row came from: data set and file [text]';
COMMENT ON COLUMN price.flags IS 'Findings of the gate on an admitted row, comma-separated; empty if none [text]';
COMMENT ON COLUMN price.cycle_number IS 'Cycle that wrote the row [1]';
COMMENT ON COLUMN price.recorded_at IS 'When the row was written, by the wall clock; in no history hash [UTC]';

CREATE TABLE site_load (
    series VARCHAR NOT NULL,
    valid_from TIMESTAMPTZ NOT NULL,
    duration_minutes INTEGER NOT NULL,
    known_at TIMESTAMPTZ NOT NULL,
    load_kw DOUBLE NOT NULL,
    source VARCHAR NOT NULL,
    flags VARCHAR NOT NULL,
    cycle_number INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE site_load IS 'Metered load of the site.';
COMMENT ON COLUMN site_load.series IS 'Which series: a price hub, a meter, a station [text]';
COMMENT ON COLUMN site_load.valid_from IS 'Start of the interval that the row is about [UTC]';
COMMENT ON COLUMN site_load.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN site_load.known_at IS 'When one could first have known the row, by the publication rule of its feed [UTC]';
COMMENT ON COLUMN site_load.load_kw IS 'Mean consumption over the interval, positive [kW]';
COMMENT ON COLUMN site_load.source IS 'Where the row came from: data set and file [text]';
COMMENT ON COLUMN site_load.flags IS 'Findings of the gate on an admitted row, comma-separated; empty if none [text]';
COMMENT ON COLUMN site_load.cycle_number IS 'Cycle that wrote the row [1]';
COMMENT ON COLUMN site_load.recorded_at IS 'When the row was written, by the wall clock; in no history hash [UTC]';

CREATE TABLE weather (
    series VARCHAR NOT NULL,
    valid_from TIMESTAMPTZ NOT NULL,
    duration_minutes INTEGER NOT NULL,
    known_at TIMESTAMPTZ NOT NULL,
    temperature_c DOUBLE NOT NULL,
    source VARCHAR NOT NULL,
    flags VARCHAR NOT NULL,
    cycle_number INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE weather IS 'Measured weather at the site.';
COMMENT ON COLUMN weather.series IS 'Which series: a price hub, a meter, a station [text]';
COMMENT ON COLUMN weather.valid_from IS 'Start of the interval that the row is about [UTC]';
COMMENT ON COLUMN weather.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN weather.known_at IS 'When one could first have known the row, by the publication rule of its feed [UTC]';
COMMENT ON COLUMN weather.temperature_c IS 'Ambient dry-bulb temperature [°C]';
COMMENT ON COLUMN weather.source IS 'Where the row came from: data set and file [text]';
COMMENT ON COLUMN weather.flags IS 'Findings of the gate on an admitted row, comma-separated; empty if none [text]';
COMMENT ON COLUMN weather.cycle_number IS 'Cycle that wrote the row [1]';
COMMENT ON COLUMN weather.recorded_at IS 'When the row was written, by the wall clock; in no history hash [UTC]';

CREATE TABLE forecast (
    variable VARCHAR NOT NULL,
    series VARCHAR NOT NULL,
    valid_from TIMESTAMPTZ NOT NULL,
    duration_minutes INTEGER NOT NULL,
    issued_at TIMESTAMPTZ NOT NULL,
    known_at TIMESTAMPTZ NOT NULL,
    model_version VARCHAR NOT NULL,
    forecast_value DOUBLE NOT NULL,
    quantiles DOUBLE[] NOT NULL,
    cycle_number INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE forecast IS 'Every forecast as issued; nothing is overwritten by a later issue.';
COMMENT ON COLUMN forecast.variable IS 'price or load [text]';
COMMENT ON COLUMN forecast.series IS 'Which series: a price hub, a meter, a station [text]';
COMMENT ON COLUMN forecast.valid_from IS 'Start of the interval that the row is about [UTC]';
COMMENT ON COLUMN forecast.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN forecast.issued_at IS 'The as_of of the cycle that made it [UTC]';
COMMENT ON COLUMN forecast.known_at IS 'When one could first have known it: at its issue [UTC]';
COMMENT ON COLUMN forecast.model_version IS 'Forecaster that made it [text]';
COMMENT ON COLUMN forecast.forecast_value IS 'Point forecast, in the unit of the variable: price currency/MWh, load kW [variable]';
COMMENT ON COLUMN forecast.quantiles IS 'Quantiles at the evenly spaced levels i/(n+1), i = 1..n, not crossing, in the unit of the variable [variable]';
COMMENT ON COLUMN forecast.cycle_number IS 'Cycle that wrote the row [1]';
COMMENT ON COLUMN forecast.recorded_at IS 'When the row was written, by the wall clock; in no history hash [UTC]';
