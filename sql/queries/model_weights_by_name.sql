-- What forecasters learned, by name, as of an instant and a cycle.
SELECT model_version, name, shape, numbers
FROM model_weights
WHERE list_contains($model_versions, model_version) AND known_at <= $as_of AND cycle_number <= $through_cycle
ORDER BY model_version, name, known_at, cycle_number
