-- What forecasters learned, by name.
SELECT model_version, name, shape, numbers
FROM model_weights
WHERE list_contains($model_versions, model_version)
ORDER BY model_version, name
