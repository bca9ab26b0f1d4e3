-- Every forecast as issued, with its band. A level stands in `quantiles` only where the evenly spaced grid i/(n+1) hits it:
-- 5, 50 and 95 % do if n+1 is a multiple of 20, as with 99 levels of a day ahead and 19 of hours ahead; otherwise the column is empty, not a neighbour.
CREATE OR REPLACE VIEW out_forecast AS
SELECT
    f.variable,
    f.series,
    f.valid_from,
    f.duration_minutes,
    c.kind,
    f.issued_at,
    (epoch(f.valid_from) - epoch(f.issued_at)) / 3600 AS lead_time_hours,
    f.model_version,
    f.forecast_value,
    CASE WHEN (len(f.quantiles) + 1) % 20 = 0 THEN f.quantiles[(len(f.quantiles) + 1) // 20] END AS p05,
    CASE WHEN (len(f.quantiles) + 1) % 20 = 0 THEN f.quantiles[(len(f.quantiles) + 1) // 2] END AS p50,
    CASE WHEN (len(f.quantiles) + 1) % 20 = 0 THEN f.quantiles[(len(f.quantiles) + 1) * 19 // 20] END AS p95,
    f.tier,
    f.reason,
    c.cycle_id
FROM forecast AS f
JOIN cycle AS c USING (cycle_number);
COMMENT ON VIEW out_forecast IS 'Every forecast as issued: one row per variable, series, interval, issue and kind of cycle.';
COMMENT ON COLUMN out_forecast.variable IS 'price or load [text]';
COMMENT ON COLUMN out_forecast.series IS 'Which series: a price hub, a meter [text]';
COMMENT ON COLUMN out_forecast.valid_from IS 'Start of the interval [UTC]';
COMMENT ON COLUMN out_forecast.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN out_forecast.kind IS 'Cycle that made it: daily for the next local day, hourly for the next 24 hours [text]';
COMMENT ON COLUMN out_forecast.issued_at IS 'The as_of of the cycle that made it [UTC]';
COMMENT ON COLUMN out_forecast.lead_time_hours IS 'From the issue to the start of the interval [h]';
COMMENT ON COLUMN out_forecast.model_version IS 'Forecaster that made it [text]';
COMMENT ON COLUMN out_forecast.forecast_value IS 'Point forecast: price currency/MWh, load kW [variable]';
COMMENT ON COLUMN out_forecast.p05 IS 'Lower end of the 90 % band; empty if that level was not forecast [variable]';
COMMENT ON COLUMN out_forecast.p50 IS 'Median; empty if that level was not forecast [variable]';
COMMENT ON COLUMN out_forecast.p95 IS 'Upper end of the 90 % band; empty if that level was not forecast [variable]';
COMMENT ON COLUMN out_forecast.tier IS 'Who spoke, from the best down: ensemble, hours_ahead, seasonal, naive_weekly, naive_daily [text]';
COMMENT ON COLUMN out_forecast.reason IS 'Why no better tier spoke; empty if there is none [text]';
COMMENT ON COLUMN out_forecast.cycle_id IS 'Cycle that made it [text]';
