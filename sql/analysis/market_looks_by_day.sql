-- What did the looks at the market within the hours of each local day come to, and how far out of balance was the site?
-- The imbalance is that of the hours in which the battery was revised, and that of the others.
WITH hour AS (
    SELECT
        valid_from,
        sum(looks) AS looks,
        coalesce(sum(looks) FILTER (outcome = 'price_unknown'), 0) AS price_unknown,
        coalesce(sum(looks) FILTER (outcome = 'price_came'), 0) AS price_came,
        coalesce(sum(looks) FILTER (outcome = 'imbalance'), 0) AS imbalance,
        bool_or(is_revision) AS is_revised
    FROM out_market_look
    GROUP BY valid_from
)
SELECT
    (h.valid_from AT TIME ZONE 'America/Chicago')::DATE AS local_day,
    count(*) AS hours,
    count(*) FILTER (h.is_revised) AS hours_revised,
    sum(h.looks) AS looks,
    sum(h.price_unknown) AS looks_without_price,
    sum(h.price_came) AS revised_for_prices,
    sum(h.imbalance) AS revised_for_imbalance,
    avg(abs(l.quantity_kwh)) FILTER (h.is_revised) AS mean_absolute_imbalance_revised_kwh,
    avg(abs(l.quantity_kwh)) FILTER (NOT h.is_revised) AS mean_absolute_imbalance_kept_kwh
FROM hour AS h
LEFT JOIN (FROM out_settlement WHERE service = 'imbalance') AS l USING (valid_from)
GROUP BY local_day
ORDER BY local_day
