-- What would 1 MWh have earned a day if it had been moved to the hours that the day-ahead forecast thought cheapest and
-- dearest, beside perfect foresight? Actual prices, no losses, any order within the local day.
SELECT
    series,
    (valid_from AT TIME ZONE 'America/Chicago')::DATE AS local_day,
    arg_max(actual_value, forecast_value) - arg_min(actual_value, forecast_value) AS earned_by_forecast_per_mwh,
    max(actual_value) - min(actual_value) AS earned_by_foresight_per_mwh,
    (arg_max(actual_value, forecast_value) - arg_min(actual_value, forecast_value))
        / nullif(max(actual_value) - min(actual_value), 0) AS share_of_foresight
FROM out_forecast_error
WHERE variable = 'price' AND kind = 'daily'
GROUP BY ALL
ORDER BY series, local_day
