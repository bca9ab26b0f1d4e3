-- Which forecasters were tried against which, what came of it, and when did errors drift?
SELECT variable, series, begun_at AS decided_at, kind AS what, challenger AS model_version, verdict AS outcome, loss_ratio AS figure
FROM out_trial
UNION ALL
SELECT variable, series, known_at, 'drift', model_version, kind, statistic
FROM out_drift_alarm
ORDER BY decided_at, variable, series
