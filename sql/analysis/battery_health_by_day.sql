-- How did the battery age on each local day, how hard was it worked, how warm was it, and what did its auxiliaries draw?
SELECT
    (valid_from AT TIME ZONE 'America/Chicago')::DATE AS local_day,
    count(*) AS hours,
    min(state_of_health) AS state_of_health,
    lag(min(state_of_health), 1, 1.0) OVER (ORDER BY local_day) - min(state_of_health) AS capacity_lost,
    max(equivalent_full_cycles) - lag(max(equivalent_full_cycles), 1, 0.0) OVER (ORDER BY local_day) AS full_cycles,
    max(equivalent_full_cycles) AS full_cycles_since_new,
    avg(temperature_c) AS mean_temperature_c,
    max(temperature_c) AS highest_temperature_c,
    sum(auxiliary_kwh) AS auxiliary_kwh
FROM out_battery
GROUP BY local_day
ORDER BY local_day
