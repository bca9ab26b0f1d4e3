-- At which local hours was the site out of balance, which way, and what did that cost beside the day-ahead price?
SELECT
    hour(l.valid_from AT TIME ZONE 'America/Chicago') AS local_hour,
    count(*) AS hours,
    avg(l.quantity_kwh) AS mean_imbalance_kwh,
    avg(abs(l.quantity_kwh)) AS mean_absolute_imbalance_kwh,
    count(*) FILTER (l.quantity_kwh < 0) AS hours_short,
    count(*) FILTER (l.quantity_kwh > 0) AS hours_long,
    sum(l.amount) AS amount,
    sum(l.amount - l.quantity_kwh / 1000 * e.price_per_mwh) AS amount_beside_day_ahead,
    any_value(l.currency) AS currency
FROM out_settlement AS l
LEFT JOIN (FROM out_settlement WHERE service = 'energy' AND asset = 'load') AS e USING (valid_from)
WHERE l.service = 'imbalance'
GROUP BY local_hour
ORDER BY local_hour
