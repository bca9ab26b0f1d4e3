-- How each issue did, over those of its intervals of which the actual is known.
CREATE OR REPLACE VIEW out_forecast_score AS
SELECT
    variable,
    series,
    kind,
    issued_at,
    any_value(model_version) AS model_version,
    count(*) AS intervals_scored,
    avg(abs(error)) AS mean_absolute_error,
    avg(error) AS bias,
    avg(inside_90::INTEGER) AS share_inside_90
FROM out_forecast_error
GROUP BY variable, series, kind, issued_at;
COMMENT ON VIEW out_forecast_score IS 'How each issued forecast did, over the intervals known by now.';
COMMENT ON COLUMN out_forecast_score.variable IS 'price or load [text]';
COMMENT ON COLUMN out_forecast_score.series IS 'Which series: a price hub, a meter [text]';
COMMENT ON COLUMN out_forecast_score.kind IS 'Cycle that made it: daily for the next local day, hourly for the next 24 hours [text]';
COMMENT ON COLUMN out_forecast_score.issued_at IS 'The as_of of the cycle that made it [UTC]';
COMMENT ON COLUMN out_forecast_score.model_version IS 'Forecaster that made it [text]';
COMMENT ON COLUMN out_forecast_score.intervals_scored IS 'Intervals of which the actual is known [1]';
COMMENT ON COLUMN out_forecast_score.mean_absolute_error IS 'Mean absolute error: price currency/MWh, load kW [variable]';
COMMENT ON COLUMN out_forecast_score.bias IS 'Mean of actual minus forecast; positive if the forecast was too low [variable]';
COMMENT ON COLUMN out_forecast_score.share_inside_90 IS 'Share of actuals inside the 90 % band; 0.9 if it is honest [fraction]';
