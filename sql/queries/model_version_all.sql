-- Every forecaster as of an instant and a cycle, oldest first.
SELECT * EXCLUDE (cycle_number, recorded_at)
FROM model_version
WHERE known_at <= $as_of AND cycle_number <= $through_cycle
ORDER BY known_at, cycle_number, model_version
