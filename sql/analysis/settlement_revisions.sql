-- Which hours were settled anew because their price was corrected, when, and by how much did the net change?
WITH net AS (
    SELECT
        valid_from,
        revision,
        known_at,
        any_value(price_per_mwh) FILTER (service = 'energy') AS price_per_mwh,
        sum(amount) AS net_amount,
        any_value(currency) AS currency
    FROM out_settlement_revision
    GROUP BY ALL
)
SELECT
    valid_from,
    valid_from AT TIME ZONE 'America/Chicago' AS local_time,
    revision,
    known_at,
    lag(price_per_mwh) OVER hour AS price_before_per_mwh,
    price_per_mwh,
    net_amount,
    net_amount - lag(net_amount) OVER hour AS change_of_net,
    currency
FROM net
WINDOW hour AS (PARTITION BY valid_from ORDER BY revision)
QUALIFY revision > 0
ORDER BY valid_from, revision
