-- Trained forecasters and their scores. A model serves from the cycle after its training until the next one.
CREATE OR REPLACE VIEW out_model AS
SELECT
    model_version,
    variable,
    series,
    method,
    known_at,
    window_start,
    window_end,
    (scores ->> ('$.' || method))::DOUBLE AS mae_method,
    (scores ->> '$.naive_daily')::DOUBLE AS mae_naive_daily,
    (scores ->> '$.naive_weekly')::DOUBLE AS mae_naive_weekly,
    parameters,
    cycle_number
FROM model_version;
COMMENT ON VIEW out_model IS 'One row per trained forecaster, the scores of its candidates unpacked.';
COMMENT ON COLUMN out_model.model_version IS 'Variable, series, and the as_of of its training [text]';
COMMENT ON COLUMN out_model.variable IS 'price or load [text]';
COMMENT ON COLUMN out_model.series IS 'Which series: a price hub, a meter [text]';
COMMENT ON COLUMN out_model.method IS 'Forecaster that was chosen [text]';
COMMENT ON COLUMN out_model.known_at IS 'The as_of of its training [UTC]';
COMMENT ON COLUMN out_model.window_start IS 'First instant of the data it was judged on [UTC]';
COMMENT ON COLUMN out_model.window_end IS 'First instant after that data [UTC]';
COMMENT ON COLUMN out_model.mae_method IS 'Mean absolute error of the chosen forecaster over the window: price currency/MWh, load kW [variable]';
COMMENT ON COLUMN out_model.mae_naive_daily IS 'The same of the daily naive: the value of the day before [variable]';
COMMENT ON COLUMN out_model.mae_naive_weekly IS 'The same of the weekly naive: the value of the week before [variable]';
COMMENT ON COLUMN out_model.parameters IS 'What it learned [JSON]';
COMMENT ON COLUMN out_model.cycle_number IS 'Cycle that trained it [1]';
