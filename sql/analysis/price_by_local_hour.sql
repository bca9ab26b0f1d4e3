-- What does a typical day of prices look like, on workdays and at weekends? The last 90 days, with the spread of days.
SELECT
    series,
    CASE WHEN isodow(valid_from AT TIME ZONE 'America/Chicago') >= 6 THEN 'weekend' ELSE 'workday' END AS day_type,
    hour(valid_from AT TIME ZONE 'America/Chicago') AS local_hour,
    count(*) AS intervals,
    quantile_cont(price_per_mwh, 0.1) AS p10_per_mwh,
    median(price_per_mwh) AS median_per_mwh,
    quantile_cont(price_per_mwh, 0.9) AS p90_per_mwh,
    any_value(currency) AS currency
FROM out_price
WHERE valid_from >= (SELECT max(valid_from) FROM out_price) - INTERVAL 90 DAYS
GROUP BY series, day_type, local_hour
ORDER BY series, day_type DESC, local_hour
