-- Every choice of a forecaster as of an instant and a cycle, oldest first.
SELECT variable, series, model_version, chosen_by, known_at
FROM model_serving
WHERE known_at <= $as_of AND cycle_number <= $through_cycle
ORDER BY known_at, cycle_number, variable, series
