-- Forecasters by name.
SELECT * EXCLUDE (cycle_number, recorded_at)
FROM model_version
WHERE list_contains($model_versions, model_version)
ORDER BY variable, series, model_version
