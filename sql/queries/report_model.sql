-- What a forecaster was judged by.
SELECT method, scores, window_start, window_end
FROM model_version
WHERE model_version = $model_version
