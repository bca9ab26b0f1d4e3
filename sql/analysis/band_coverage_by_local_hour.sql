-- At which local hours is the 90 % band too narrow or too wide? An honest band covers 0.9 of the intervals.
SELECT
    variable,
    series,
    kind,
    hour(valid_from AT TIME ZONE 'America/Chicago') AS local_hour,
    count(inside_90) AS intervals,
    avg(inside_90::INTEGER) AS share_inside_90,
    avg((actual_value < p05)::INTEGER) AS share_below,
    avg((actual_value > p95)::INTEGER) AS share_above,
    avg(p95 - p05) AS mean_band_width
FROM out_forecast_error
GROUP BY ALL
ORDER BY variable, series, kind, local_hour
