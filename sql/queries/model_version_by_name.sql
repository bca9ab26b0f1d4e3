-- Forecasters by name, as of an instant and a cycle.
SELECT * EXCLUDE (cycle_number, recorded_at)
FROM model_version
WHERE list_contains($model_versions, model_version) AND known_at <= $as_of AND cycle_number <= $through_cycle
ORDER BY variable, series, model_version
