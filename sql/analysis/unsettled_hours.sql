-- Which simulated hours are not settled yet, since when, and is their price known by now?
SELECT
    h.valid_from,
    h.valid_from AT TIME ZONE 'America/Chicago' AS local_time,
    h.net_kwh,
    h.known_at AS simulated_at,
    p.price_per_mwh,
    p.known_at AS price_known_at
FROM out_simulation_hour AS h
ANTI JOIN out_settlement USING (valid_from)
LEFT JOIN (
    FROM out_price
    WHERE series = (SELECT content ->> '$.market.price_series' FROM site ORDER BY known_at DESC LIMIT 1)
) AS p USING (valid_from)
WHERE h.asset = 'site'
ORDER BY h.valid_from
