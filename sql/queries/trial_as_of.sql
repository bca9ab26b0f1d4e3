-- The newest row of each variable and series about a trial, as of an instant and a cycle.
SELECT * EXCLUDE (cycle_number, recorded_at)
FROM model_trial
WHERE known_at <= $as_of AND cycle_number <= $through_cycle
QUALIFY row_number() OVER (
    PARTITION BY variable, series ORDER BY known_at DESC, cycle_number DESC, verdict = 'begun' DESC
) = 1
ORDER BY variable, series
