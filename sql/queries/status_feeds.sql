-- The newest row of each series of each feed and forecast: what it is about, and when it became known.
SELECT 'price' AS feed, series, max(valid_from + to_minutes(duration_minutes)) AS known_until, max(known_at) AS known_at FROM price GROUP BY series
UNION ALL
SELECT 'load', series, max(valid_from + to_minutes(duration_minutes)), max(known_at) FROM site_load GROUP BY series
UNION ALL
SELECT 'weather', series, max(valid_from + to_minutes(duration_minutes)), max(known_at) FROM weather GROUP BY series
UNION ALL
SELECT variable || ' forecast', series, max(valid_from + to_minutes(duration_minutes)), max(issued_at) FROM forecast GROUP BY variable, series
ORDER BY ALL
