-- How do forecast errors grow with the lead time? Per variable, series and kind of cycle, in bins of 3 hours.
SELECT
    variable,
    series,
    kind,
    3 * floor(lead_time_hours / 3)::INTEGER AS lead_from_hours,
    count(*) AS intervals,
    avg(abs(error)) AS mean_absolute_error,
    sqrt(avg(error ** 2)) AS root_mean_square_error,
    avg(error) AS bias,
    avg(inside_90::INTEGER) AS share_inside_90
FROM out_forecast_error
GROUP BY ALL
ORDER BY variable, series, kind, lead_from_hours
