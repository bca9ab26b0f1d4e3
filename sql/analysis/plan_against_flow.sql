-- How far did what flowed differ from the plan in force, and how often was an asset limited? By asset and local day.
-- What the battery's auxiliaries draw flows beside its plan.
SELECT
    s.asset,
    (s.valid_from AT TIME ZONE 'America/Chicago')::DATE AS local_day,
    count(*) AS hours,
    sum(s.setpoint_kw * s.duration_minutes / 60) AS planned_kwh,
    sum(h.net_kwh) AS flowed_kwh,
    avg(abs(h.net_kwh - s.setpoint_kw * s.duration_minutes / 60)) AS mean_absolute_difference_kwh,
    max(abs(h.net_kwh - s.setpoint_kw * s.duration_minutes / 60)) AS largest_difference_kwh,
    sum(h.seconds_limited) / 60 AS minutes_limited
FROM out_schedule AS s
JOIN out_simulation_hour AS h USING (asset, valid_from, duration_minutes)
GROUP BY s.asset, local_day
ORDER BY local_day, s.asset
