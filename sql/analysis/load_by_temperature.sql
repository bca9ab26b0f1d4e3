-- How does the load follow the temperature? Means in bins of 5 °C, on workdays and at weekends.
SELECT
    l.series,
    CASE WHEN isodow(l.valid_from AT TIME ZONE 'America/Chicago') >= 6 THEN 'weekend' ELSE 'workday' END AS day_type,
    5 * floor(w.temperature_c / 5)::INTEGER AS temperature_from_c,
    count(*) AS intervals,
    avg(l.load_kw) AS mean_load_kw,
    max(l.load_kw) AS peak_load_kw
FROM out_load AS l
JOIN out_weather AS w USING (series, valid_from)
GROUP BY ALL
ORDER BY l.series, day_type DESC, temperature_from_c
