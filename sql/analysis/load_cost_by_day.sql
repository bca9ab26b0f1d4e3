-- What did the site's load cost at day-ahead prices, per local day and price series, and at what mean price?
-- Each metered interval takes the price of the interval that it lies in; intervals without a price are left out.
SELECT
    p.series AS price_series,
    l.series AS load_series,
    (l.valid_from AT TIME ZONE 'America/Chicago')::DATE AS local_day,
    sum(l.load_kw * l.duration_minutes / 60) AS energy_kwh,
    sum(l.load_kw * l.duration_minutes / 60 * p.price_per_mwh / 1000) AS cost,
    cost / nullif(energy_kwh / 1000, 0) AS mean_price_per_mwh,
    any_value(p.currency) AS currency
FROM out_load AS l
JOIN out_price AS p
    ON l.valid_from >= p.valid_from
    AND l.valid_from < p.valid_from + to_minutes(p.duration_minutes)
GROUP BY price_series, load_series, local_day
ORDER BY price_series, load_series, local_day
