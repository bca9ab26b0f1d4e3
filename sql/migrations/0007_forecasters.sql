-- Which tier spoke and why, what each member of an ensemble said, and how forecasters were tried against each other.

ALTER TABLE forecast ADD COLUMN tier VARCHAR DEFAULT 'served';
ALTER TABLE forecast ALTER COLUMN tier SET NOT NULL;
ALTER TABLE forecast ALTER COLUMN tier DROP DEFAULT;
ALTER TABLE forecast ADD COLUMN reason VARCHAR DEFAULT '';
ALTER TABLE forecast ALTER COLUMN reason SET NOT NULL;
ALTER TABLE forecast ALTER COLUMN reason DROP DEFAULT;
COMMENT ON COLUMN forecast.tier IS 'Who spoke, from the best down: ensemble, hours_ahead, seasonal, naive_weekly, naive_daily; served in rows from before there were tiers [text]';
COMMENT ON COLUMN forecast.reason IS 'Why no better tier spoke; empty if there is none [text]';
COMMENT ON COLUMN model_serving.chosen_by IS 'first: no ensemble served before; refit: of the same recipe, at its turn or on drift; gate: was better on days that neither had seen; rollback: the one before was better; operator: was promoted or rolled back to, and stays [text]';

CREATE TABLE member_forecast (
    variable VARCHAR NOT NULL,
    series VARCHAR NOT NULL,
    model_version VARCHAR NOT NULL,
    member VARCHAR NOT NULL,
    valid_from TIMESTAMPTZ NOT NULL,
    duration_minutes INTEGER NOT NULL,
    issued_at TIMESTAMPTZ NOT NULL,
    known_at TIMESTAMPTZ NOT NULL,
    weight DOUBLE NOT NULL,
    numbers DOUBLE[] NOT NULL,
    cycle_number INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE member_forecast IS 'What each member of an ensemble said of a local day, also of an ensemble on trial; weights are learnt from it.';
COMMENT ON COLUMN member_forecast.variable IS 'price or load [text]';
COMMENT ON COLUMN member_forecast.series IS 'Which series: a price hub, a meter, a station [text]';
COMMENT ON COLUMN member_forecast.model_version IS 'Forecaster that the member belongs to [text]';
COMMENT ON COLUMN member_forecast.member IS 'Family of the member, as in lasso [text]';
COMMENT ON COLUMN member_forecast.valid_from IS 'Start of the local day that the row is about [UTC]';
COMMENT ON COLUMN member_forecast.duration_minutes IS 'Length of a slot of that day [minutes]';
COMMENT ON COLUMN member_forecast.issued_at IS 'The as_of of the cycle that made it [UTC]';
COMMENT ON COLUMN member_forecast.known_at IS 'When one could first have known it: at its issue [UTC]';
COMMENT ON COLUMN member_forecast.weight IS 'Mean weight of the member in the combination of that day [fraction]';
COMMENT ON COLUMN member_forecast.numbers IS 'Point forecast of each slot of the wall clock, 24 or 96: price currency/MWh, load kW [variable]';
COMMENT ON COLUMN member_forecast.cycle_number IS 'Cycle that wrote the row [1]';
COMMENT ON COLUMN member_forecast.recorded_at IS 'When the row was written, by the wall clock; in no history hash [UTC]';

CREATE TABLE model_trial (
    variable VARCHAR NOT NULL,
    series VARCHAR NOT NULL,
    champion VARCHAR NOT NULL,
    challenger VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    verdict VARCHAR NOT NULL,
    days INTEGER NOT NULL,
    loss_ratio DOUBLE,
    statistic DOUBLE,
    limit_value DOUBLE,
    reason VARCHAR NOT NULL,
    known_at TIMESTAMPTZ NOT NULL,
    cycle_number INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE model_trial IS 'A champion and a challenger on days that neither has seen: a row when a trial begins, and one when it ends.';
COMMENT ON COLUMN model_trial.variable IS 'price or load [text]';
COMMENT ON COLUMN model_trial.series IS 'Which series: a price hub, a meter, a station [text]';
COMMENT ON COLUMN model_trial.champion IS 'Forecaster that serves during the trial [text]';
COMMENT ON COLUMN model_trial.challenger IS 'Forecaster that is asked beside it, and does not serve [text]';
COMMENT ON COLUMN model_trial.kind IS 'challenge: of a new forecaster; guard: by the one that served before, so that a bad change is taken back [text]';
COMMENT ON COLUMN model_trial.verdict IS 'begun, promoted: the challenger serves from now on, or kept: the champion stays [text]';
COMMENT ON COLUMN model_trial.days IS 'Days that both were judged on [1]';
COMMENT ON COLUMN model_trial.loss_ratio IS 'Mean absolute error of the challenger over that of the champion; none without days [fraction]';
COMMENT ON COLUMN model_trial.statistic IS 'Of the Diebold-Mariano test at the last look, negative where the challenger is better; none before a look [1]';
COMMENT ON COLUMN model_trial.limit_value IS 'The challenger is promoted where the statistic is below minus this; none before a look [1]';
COMMENT ON COLUMN model_trial.reason IS 'Why the trial began or ended [text]';
COMMENT ON COLUMN model_trial.known_at IS 'The as_of of the cycle that decided it [UTC]';
COMMENT ON COLUMN model_trial.cycle_number IS 'Cycle that wrote the row [1]';
COMMENT ON COLUMN model_trial.recorded_at IS 'When the row was written, by the wall clock; in no history hash [UTC]';

CREATE TABLE drift_alarm (
    variable VARCHAR NOT NULL,
    series VARCHAR NOT NULL,
    model_version VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    valid_from TIMESTAMPTZ NOT NULL,
    statistic DOUBLE NOT NULL,
    limit_value DOUBLE NOT NULL,
    known_at TIMESTAMPTZ NOT NULL,
    cycle_number INTEGER NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL DEFAULT current_timestamp
);
COMMENT ON TABLE drift_alarm IS 'Errors of a serving forecaster that are no longer as they were; each calls for a refit.';
COMMENT ON COLUMN drift_alarm.variable IS 'price or load [text]';
COMMENT ON COLUMN drift_alarm.series IS 'Which series: a price hub, a meter, a station [text]';
COMMENT ON COLUMN drift_alarm.model_version IS 'Forecaster that drifted [text]';
COMMENT ON COLUMN drift_alarm.kind IS 'What drifted: the size of the errors, their mean, or the coverage of the bands [text]';
COMMENT ON COLUMN drift_alarm.valid_from IS 'Start of the local day on which the limit was passed [UTC]';
COMMENT ON COLUMN drift_alarm.statistic IS 'Value of the test statistic on that day [1]';
COMMENT ON COLUMN drift_alarm.limit_value IS 'Limit that it passed [1]';
COMMENT ON COLUMN drift_alarm.known_at IS 'The as_of of the cycle that found it [UTC]';
COMMENT ON COLUMN drift_alarm.cycle_number IS 'Cycle that wrote the row [1]';
COMMENT ON COLUMN drift_alarm.recorded_at IS 'When the row was written, by the wall clock; in no history hash [UTC]';
