-- Measured weather as it is known by now.
CREATE OR REPLACE VIEW out_weather AS
SELECT series, valid_from, duration_minutes, temperature_c, known_at, flags, source
FROM weather
QUALIFY row_number() OVER (PARTITION BY series, valid_from ORDER BY known_at DESC, cycle_number DESC) = 1;
COMMENT ON VIEW out_weather IS 'The latest known temperature of every interval.';
COMMENT ON COLUMN out_weather.series IS 'Which series: a price hub, a meter, a station [text]';
COMMENT ON COLUMN out_weather.valid_from IS 'Start of the interval [UTC]';
COMMENT ON COLUMN out_weather.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN out_weather.temperature_c IS 'Ambient dry-bulb temperature [°C]';
COMMENT ON COLUMN out_weather.known_at IS 'When this value could first have been known [UTC]';
COMMENT ON COLUMN out_weather.flags IS 'Findings of the gate, comma-separated; correction if an earlier value was replaced; empty if none [text]';
COMMENT ON COLUMN out_weather.source IS 'Where the row came from: data set and file [text]';
