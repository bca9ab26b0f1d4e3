-- Which forecasters were trained for which series, how did each do against the naive ones, which serves, and how has it done?
SELECT
    m.variable,
    m.series,
    m.known_at AS trained_at,
    m.method,
    m.serves_now,
    m.mae_method,
    m.mae_naive_daily,
    m.mae_naive_weekly,
    1 - m.mae_method / nullif(greatest(m.mae_naive_daily, m.mae_naive_weekly), 0) AS gain_on_worse_naive_fraction,
    count(e.error) AS intervals_since,
    avg(abs(e.error)) AS mean_absolute_error_since
FROM out_model AS m
LEFT JOIN out_forecast_error AS e USING (model_version)
GROUP BY ALL
ORDER BY m.variable, m.series, trained_at DESC, m.mae_method, m.method
