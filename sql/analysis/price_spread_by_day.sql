-- How far apart were the cheapest and the dearest interval of each local day, and what would 1 MWh have earned
-- between them, without losses: in any order, and if it must be bought before it is sold?
WITH local AS (
    SELECT *, valid_from AT TIME ZONE 'America/Chicago' AS local_time
    FROM out_price
),
best AS (
    SELECT
        *,
        price_per_mwh - min(price_per_mwh) OVER (
            PARTITION BY series, local_time::DATE ORDER BY valid_from ROWS UNBOUNDED PRECEDING
        ) AS gain_after_purchase
    FROM local
)
SELECT
    series,
    local_time::DATE AS local_day,
    min(price_per_mwh) AS lowest_per_mwh,
    strftime(arg_min(local_time, price_per_mwh), '%H:%M') AS lowest_at,
    max(price_per_mwh) AS highest_per_mwh,
    strftime(arg_max(local_time, price_per_mwh), '%H:%M') AS highest_at,
    max(price_per_mwh) - min(price_per_mwh) AS earned_per_mwh_any_order,
    max(gain_after_purchase) AS earned_per_mwh_bought_first,
    any_value(currency) AS currency
FROM best
GROUP BY series, local_day
ORDER BY series, local_day
