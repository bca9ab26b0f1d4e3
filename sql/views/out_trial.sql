-- Trials of forecasters: how each began, and how it ended if it has. The same two may meet again: a trial ends before the
-- next of its series begins.
CREATE OR REPLACE VIEW out_trial AS
WITH numbered AS (
    SELECT
        *,
        sum((verdict = 'begun')::INTEGER) OVER (
            PARTITION BY variable, series ORDER BY known_at, cycle_number, verdict = 'begun'
        ) AS trial_number
    FROM model_trial
)
SELECT
    b.variable,
    b.series,
    b.kind,
    b.champion,
    b.challenger,
    b.known_at AS begun_at,
    b.reason AS begun_because,
    coalesce(e.verdict, 'open') AS verdict,
    e.known_at AS ended_at,
    e.reason AS ended_because,
    e.days,
    e.loss_ratio,
    e.statistic,
    e.limit_value
FROM numbered AS b
LEFT JOIN numbered AS e
    ON e.variable = b.variable AND e.series = b.series AND e.trial_number = b.trial_number AND e.verdict <> 'begun'
WHERE b.verdict = 'begun';
COMMENT ON VIEW out_trial IS 'One row per trial of a challenger beside the champion.';
COMMENT ON COLUMN out_trial.variable IS 'price or load [text]';
COMMENT ON COLUMN out_trial.series IS 'Which series: a price hub, a meter [text]';
COMMENT ON COLUMN out_trial.kind IS 'challenge: of a new forecaster; guard: by the one that served before [text]';
COMMENT ON COLUMN out_trial.champion IS 'Forecaster that served during the trial [text]';
COMMENT ON COLUMN out_trial.challenger IS 'Forecaster that was asked beside it [text]';
COMMENT ON COLUMN out_trial.begun_at IS 'The as_of of the cycle that began it [UTC]';
COMMENT ON COLUMN out_trial.begun_because IS 'Why it began [text]';
COMMENT ON COLUMN out_trial.verdict IS 'open, promoted: the challenger serves since, or kept: the champion stayed [text]';
COMMENT ON COLUMN out_trial.ended_at IS 'The as_of of the cycle that ended it; empty while it is open [UTC]';
COMMENT ON COLUMN out_trial.ended_because IS 'Why it ended; empty while it is open [text]';
COMMENT ON COLUMN out_trial.days IS 'Days that both were judged on; empty while it is open [1]';
COMMENT ON COLUMN out_trial.loss_ratio IS 'Mean absolute error of the challenger over that of the champion [fraction]';
COMMENT ON COLUMN out_trial.statistic IS 'Of the Diebold-Mariano test at the last look, negative where the challenger is better [1]';
COMMENT ON COLUMN out_trial.limit_value IS 'The challenger is promoted where the statistic is below minus this [1]';
