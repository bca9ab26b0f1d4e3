-- Which forecaster served which series from when to when, who chose it, and how did what it issued turn out?
SELECT
    s.variable,
    s.series,
    s.serves_from,
    s.serves_until,
    s.method,
    s.model_version,
    s.chosen_by,
    s.serves_now,
    m.mae_method AS mae_when_trained,
    count(e.error) AS intervals_since,
    avg(abs(e.error)) AS mean_absolute_error_since
FROM out_serving AS s
LEFT JOIN out_model AS m USING (variable, series, model_version)
LEFT JOIN out_forecast_error AS e
    ON e.variable = s.variable
    AND e.series = s.series
    AND e.model_version = s.model_version
    AND e.issued_at >= s.serves_from
    AND (s.serves_until IS NULL OR e.issued_at < s.serves_until)
GROUP BY ALL
ORDER BY s.variable, s.series, s.serves_from DESC
