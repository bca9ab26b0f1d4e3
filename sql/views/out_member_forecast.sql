-- What each member of an ensemble said of a local day, and its error over the slots of which the actual is known.
CREATE OR REPLACE VIEW out_member_forecast AS
WITH slot AS (
    SELECT
        m.* EXCLUDE (numbers, recorded_at),
        unnest(m.numbers) AS forecast_value,
        generate_subscripts(m.numbers, 1) AS slot_number
    FROM member_forecast AS m
)
SELECT
    s.variable,
    s.series,
    s.valid_from,
    s.issued_at,
    s.model_version,
    s.member,
    any_value(s.weight) AS weight,
    avg(s.forecast_value) AS mean_forecast,
    count(a.actual_value) AS intervals_scored,
    avg(abs(a.actual_value - s.forecast_value)) AS mean_absolute_error
FROM slot AS s
LEFT JOIN out_actual AS a
    ON a.variable = s.variable
    AND a.series = s.series
    AND a.valid_from = s.valid_from + to_minutes((slot_number - 1) * s.duration_minutes)
GROUP BY s.variable, s.series, s.valid_from, s.issued_at, s.model_version, s.member;
COMMENT ON VIEW out_member_forecast IS 'One row per member of an ensemble and local day; on the two days a year of another length the slots after the change are an hour off, so these errors are not exact there.';
COMMENT ON COLUMN out_member_forecast.variable IS 'price or load [text]';
COMMENT ON COLUMN out_member_forecast.series IS 'Which series: a price hub, a meter [text]';
COMMENT ON COLUMN out_member_forecast.valid_from IS 'Start of the local day [UTC]';
COMMENT ON COLUMN out_member_forecast.issued_at IS 'The as_of of the cycle that made it [UTC]';
COMMENT ON COLUMN out_member_forecast.model_version IS 'Forecaster that the member belongs to [text]';
COMMENT ON COLUMN out_member_forecast.member IS 'Family of the member, as in lasso [text]';
COMMENT ON COLUMN out_member_forecast.weight IS 'Mean weight of the member in the combination of that day [fraction]';
COMMENT ON COLUMN out_member_forecast.mean_forecast IS 'Mean of its point forecasts: price currency/MWh, load kW [variable]';
COMMENT ON COLUMN out_member_forecast.intervals_scored IS 'Intervals of which the actual is known [1]';
COMMENT ON COLUMN out_member_forecast.mean_absolute_error IS 'Its mean absolute error over these [variable]';
