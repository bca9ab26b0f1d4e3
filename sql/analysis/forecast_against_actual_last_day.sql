-- How did the day-ahead forecast do on the newest local day that is wholly known, hour by hour?
WITH daily AS (
    SELECT
        f.variable,
        f.series,
        f.valid_from AT TIME ZONE 'America/Chicago' AS local_time,
        f.forecast_value,
        e.actual_value,
        e.error,
        e.inside_90
    FROM out_forecast AS f
    LEFT JOIN out_forecast_error AS e USING (variable, series, valid_from, kind, issued_at)
    WHERE f.kind = 'daily'
),
whole_day AS (
    SELECT variable, series, local_time::DATE AS local_day
    FROM daily
    GROUP BY variable, series, local_day
    HAVING count(*) = count(error)
    QUALIFY row_number() OVER (PARTITION BY variable, series ORDER BY local_day DESC) = 1
)
SELECT
    variable,
    series,
    local_day,
    hour(local_time) AS local_hour,
    avg(forecast_value) AS forecast_value,
    avg(actual_value) AS actual_value,
    avg(error) AS error,
    avg(inside_90::INTEGER) AS share_inside_90
FROM daily
JOIN whole_day USING (variable, series)
WHERE local_time::DATE = local_day
GROUP BY variable, series, local_day, local_hour
ORDER BY variable, series, local_hour
