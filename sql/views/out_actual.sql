-- What came: prices, loads and temperatures in one shape, so that forecasts can be joined with any of them.
CREATE OR REPLACE VIEW out_actual AS
SELECT variable, series, valid_from, duration_minutes, actual_value, known_at
FROM (
    SELECT 'price' AS variable, series, valid_from, duration_minutes, price_per_mwh AS actual_value, known_at, cycle_number
    FROM price
    UNION ALL BY NAME
    SELECT 'load' AS variable, series, valid_from, duration_minutes, load_kw AS actual_value, known_at, cycle_number
    FROM site_load
    UNION ALL BY NAME
    SELECT 'weather' AS variable, series, valid_from, duration_minutes, temperature_c AS actual_value, known_at, cycle_number
    FROM weather
)
QUALIFY row_number() OVER (PARTITION BY variable, series, valid_from ORDER BY known_at DESC, cycle_number DESC) = 1;
COMMENT ON VIEW out_actual IS 'The latest known value of every measured interval, all feeds in one shape.';
COMMENT ON COLUMN out_actual.variable IS 'price, load or weather [text]';
COMMENT ON COLUMN out_actual.series IS 'Which series: a price hub, a meter, a station [text]';
COMMENT ON COLUMN out_actual.valid_from IS 'Start of the interval [UTC]';
COMMENT ON COLUMN out_actual.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN out_actual.actual_value IS 'Latest known value: price currency/MWh, load kW, weather °C [variable]';
COMMENT ON COLUMN out_actual.known_at IS 'When that value could first have been known [UTC]';
