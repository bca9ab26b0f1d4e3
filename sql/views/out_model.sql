-- Trained forecasters and their scores. The one that the newest choice names serves; in a history without choices, the
-- newest one does. A naive score that a forecaster does not hold itself is that of the naive one of the same training.
CREATE OR REPLACE VIEW out_model AS
WITH scored AS (
    SELECT
        *,
        coalesce(scores ->> '$.mae', scores ->> ('$.' || method))::DOUBLE AS mae_method,
        (scores ->> '$.naive_daily')::DOUBLE AS own_naive_daily,
        (scores ->> '$.naive_weekly')::DOUBLE AS own_naive_weekly
    FROM model_version
),
serving AS (
    SELECT variable, series, model_version
    FROM (
        SELECT variable, series, model_version, known_at, cycle_number, true AS was_chosen FROM model_serving
        UNION ALL
        SELECT variable, series, model_version, known_at, cycle_number, false FROM model_version
    )
    QUALIFY row_number() OVER (
        PARTITION BY variable, series ORDER BY was_chosen DESC, known_at DESC, cycle_number DESC, model_version
    ) = 1
)
SELECT
    m.model_version,
    m.variable,
    m.series,
    m.method,
    m.known_at,
    m.window_start,
    m.window_end,
    m.mae_method,
    coalesce(m.own_naive_daily, max(m.own_naive_daily) OVER training) AS mae_naive_daily,
    coalesce(m.own_naive_weekly, max(m.own_naive_weekly) OVER training) AS mae_naive_weekly,
    s.model_version IS NOT NULL AS serves_now,
    m.parameters,
    m.cycle_number
FROM scored AS m
LEFT JOIN serving AS s USING (variable, series, model_version)
WINDOW training AS (PARTITION BY m.variable, m.series, m.cycle_number);
COMMENT ON VIEW out_model IS 'One row per trained forecaster, with its score and those of the naive ones.';
COMMENT ON COLUMN out_model.model_version IS 'Name of the trained forecaster [text]';
COMMENT ON COLUMN out_model.variable IS 'price or load [text]';
COMMENT ON COLUMN out_model.series IS 'Which series: a price hub, a meter [text]';
COMMENT ON COLUMN out_model.method IS 'Kind of forecaster [text]';
COMMENT ON COLUMN out_model.known_at IS 'The as_of of its training [UTC]';
COMMENT ON COLUMN out_model.window_start IS 'First instant of the data it was judged on [UTC]';
COMMENT ON COLUMN out_model.window_end IS 'First instant after that data [UTC]';
COMMENT ON COLUMN out_model.mae_method IS 'Its own mean absolute error over the window: price currency/MWh, load kW [variable]';
COMMENT ON COLUMN out_model.mae_naive_daily IS 'The same of the daily naive: the value of the day before [variable]';
COMMENT ON COLUMN out_model.mae_naive_weekly IS 'The same of the weekly naive: the value of the week before [variable]';
COMMENT ON COLUMN out_model.serves_now IS 'Whether the newest choice of its series is this one [true/false]';
COMMENT ON COLUMN out_model.parameters IS 'What it learned, but for the weights [JSON]';
COMMENT ON COLUMN out_model.cycle_number IS 'Cycle that trained it [1]';
