-- What did the battery earn a day after wear, and what of each MWh that it discharged, beside the most that 1 MWh bought
-- first and sold later could have earned without losses? What it charged but did not sell on the day counts as cost.
WITH earned AS (
    SELECT
        (valid_from AT TIME ZONE 'America/Chicago')::DATE AS local_day,
        sum(amount) FILTER (service = 'energy') AS energy_amount,
        sum(amount) FILTER (service IN ('capacity', 'performance', 'activation')) AS services_amount,
        sum(amount) FILTER (service = 'degradation') AS wear_amount,
        sum(amount) AS net_amount,
        any_value(currency) AS currency
    FROM out_settlement
    WHERE asset = 'battery'
    GROUP BY local_day
),
discharged AS (
    SELECT
        (valid_from AT TIME ZONE 'America/Chicago')::DATE AS local_day,
        sum(energy_out_kwh) / 1000 AS discharged_mwh
    FROM out_simulation_hour
    WHERE asset = 'battery'
    GROUP BY local_day
),
spread AS (
    SELECT local_day, max(gain_after_purchase) AS best_spread_per_mwh
    FROM (
        SELECT
            (valid_from AT TIME ZONE 'America/Chicago')::DATE AS local_day,
            price_per_mwh - min(price_per_mwh) OVER (
                PARTITION BY (valid_from AT TIME ZONE 'America/Chicago')::DATE
                ORDER BY valid_from
                ROWS UNBOUNDED PRECEDING
            ) AS gain_after_purchase
        FROM out_price
        WHERE series = (SELECT content ->> '$.market.price_series' FROM site ORDER BY known_at DESC LIMIT 1)
    )
    GROUP BY local_day
)
SELECT
    local_day,
    energy_amount,
    services_amount,
    wear_amount,
    net_amount,
    discharged_mwh,
    net_amount / nullif(discharged_mwh, 0) AS net_per_discharged_mwh,
    best_spread_per_mwh,
    currency
FROM earned
LEFT JOIN discharged USING (local_day)
LEFT JOIN spread USING (local_day)
ORDER BY local_day
