-- How many hours of each local month had negative prices, dear ones (from 1000 per MWh), or prices at the offer cap?
-- ERCOT's cap was 9000 until the end of 2021 and is 5000 since; "at the cap" means within 1 % below it, or above.
SELECT
    series,
    strftime(valid_from AT TIME ZONE 'America/Chicago', '%Y-%m') AS local_month,
    sum(duration_minutes) / 60 AS hours,
    coalesce(sum(duration_minutes) FILTER (price_per_mwh < 0), 0) / 60 AS hours_negative,
    coalesce(sum(duration_minutes) FILTER (price_per_mwh >= 1000), 0) / 60 AS hours_dear,
    coalesce(
        sum(duration_minutes) FILTER (
            price_per_mwh >= 0.99 * CASE WHEN valid_from < TIMESTAMPTZ '2022-01-01 06:00:00+00' THEN 9000 ELSE 5000 END
        ),
        0
    ) / 60 AS hours_at_cap,
    min(price_per_mwh) AS lowest_per_mwh,
    avg(price_per_mwh) AS mean_per_mwh,
    max(price_per_mwh) AS highest_per_mwh,
    any_value(currency) AS currency
FROM out_price
GROUP BY series, local_month
ORDER BY series, local_month
