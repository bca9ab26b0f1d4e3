-- On which ten local days did the load peak highest, when in the day, and how warm was it then?
SELECT
    l.series,
    (l.valid_from AT TIME ZONE 'America/Chicago')::DATE AS local_day,
    max(l.load_kw) AS peak_load_kw,
    strftime(arg_max(l.valid_from AT TIME ZONE 'America/Chicago', l.load_kw), '%H:%M') AS peak_at,
    arg_max(w.temperature_c, l.load_kw) AS temperature_at_peak_c,
    sum(l.load_kw * l.duration_minutes / 60) AS energy_kwh
FROM out_load AS l
LEFT JOIN out_weather AS w USING (series, valid_from)
GROUP BY l.series, local_day
QUALIFY row_number() OVER (PARTITION BY l.series ORDER BY peak_load_kw DESC) <= 10
ORDER BY l.series, peak_load_kw DESC
