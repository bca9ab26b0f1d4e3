-- Alarms of forecasters whose errors are no longer as they were.
CREATE OR REPLACE VIEW out_drift_alarm AS
SELECT a.variable, a.series, a.valid_from, a.kind, a.statistic, a.limit_value, a.model_version, a.known_at, c.cycle_id
FROM drift_alarm AS a
JOIN cycle AS c USING (cycle_number);
COMMENT ON VIEW out_drift_alarm IS 'One row per alarm; each called for a refit.';
COMMENT ON COLUMN out_drift_alarm.variable IS 'price or load [text]';
COMMENT ON COLUMN out_drift_alarm.series IS 'Which series: a price hub, a meter [text]';
COMMENT ON COLUMN out_drift_alarm.valid_from IS 'Start of the local day on which the limit was passed [UTC]';
COMMENT ON COLUMN out_drift_alarm.kind IS 'size of the errors, their bias, or the coverage of the 90 % band [text]';
COMMENT ON COLUMN out_drift_alarm.statistic IS 'Cumulative sum on that day; negative where forecasts were too high [1]';
COMMENT ON COLUMN out_drift_alarm.limit_value IS 'What its size has reached [1]';
COMMENT ON COLUMN out_drift_alarm.model_version IS 'Forecaster that drifted [text]';
COMMENT ON COLUMN out_drift_alarm.known_at IS 'The as_of of the cycle that found it [UTC]';
COMMENT ON COLUMN out_drift_alarm.cycle_id IS 'Cycle that found it [text]';
