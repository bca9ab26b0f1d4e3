-- Each forecast interval beside what came; intervals of which nothing is known yet are left out.
CREATE OR REPLACE VIEW out_forecast_error AS
SELECT
    f.variable,
    f.series,
    f.valid_from,
    f.duration_minutes,
    f.kind,
    f.issued_at,
    f.lead_time_hours,
    f.model_version,
    f.forecast_value,
    f.p05,
    f.p50,
    f.p95,
    a.actual_value,
    a.known_at AS actual_known_at,
    a.actual_value - f.forecast_value AS error,
    a.actual_value BETWEEN f.p05 AND f.p95 AS inside_90
FROM out_forecast AS f
JOIN out_actual AS a USING (variable, series, valid_from);
COMMENT ON VIEW out_forecast_error IS 'Each forecast interval joined with the latest known actual value.';
COMMENT ON COLUMN out_forecast_error.variable IS 'price or load [text]';
COMMENT ON COLUMN out_forecast_error.series IS 'Which series: a price hub, a meter [text]';
COMMENT ON COLUMN out_forecast_error.valid_from IS 'Start of the interval [UTC]';
COMMENT ON COLUMN out_forecast_error.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN out_forecast_error.kind IS 'Cycle that made it: daily for the next local day, hourly for the next 24 hours [text]';
COMMENT ON COLUMN out_forecast_error.issued_at IS 'The as_of of the cycle that made it [UTC]';
COMMENT ON COLUMN out_forecast_error.lead_time_hours IS 'From the issue to the start of the interval [h]';
COMMENT ON COLUMN out_forecast_error.model_version IS 'Forecaster that made it [text]';
COMMENT ON COLUMN out_forecast_error.forecast_value IS 'Point forecast: price currency/MWh, load kW [variable]';
COMMENT ON COLUMN out_forecast_error.p05 IS 'Lower end of the 90 % band; empty if that level was not forecast [variable]';
COMMENT ON COLUMN out_forecast_error.p50 IS 'Median; empty if that level was not forecast [variable]';
COMMENT ON COLUMN out_forecast_error.p95 IS 'Upper end of the 90 % band; empty if that level was not forecast [variable]';
COMMENT ON COLUMN out_forecast_error.actual_value IS 'What came, as known last [variable]';
COMMENT ON COLUMN out_forecast_error.actual_known_at IS 'When that could first have been known [UTC]';
COMMENT ON COLUMN out_forecast_error.error IS 'Actual minus forecast: positive if more came than was forecast [variable]';
COMMENT ON COLUMN out_forecast_error.inside_90 IS 'Whether the actual lies in the 90 % band, ends included [true/false]';
