-- What a forecaster was judged by, and after it the others of the same training: scores that it does not hold are theirs.
WITH named AS (
    SELECT variable, series, cycle_number
    FROM model_version
    WHERE model_version = $model_version
)
SELECT method, scores, window_start, window_end
FROM model_version
SEMI JOIN named USING (variable, series, cycle_number)
ORDER BY model_version <> $model_version, model_version
