-- How did the load of each local week differ from the week before? Means of the known intervals, and the weekly energy.
WITH week AS (
    SELECT
        series,
        date_trunc('week', valid_from AT TIME ZONE 'America/Chicago')::DATE AS week_from,
        sum(duration_minutes) / 60 AS hours_known,
        avg(load_kw) AS mean_load_kw,
        max(load_kw) AS peak_load_kw,
        sum(load_kw * duration_minutes / 60) AS energy_kwh
    FROM out_load
    GROUP BY ALL
)
SELECT
    *,
    mean_load_kw - lag(mean_load_kw) OVER previous AS change_kw,
    mean_load_kw / nullif(lag(mean_load_kw) OVER previous, 0) - 1 AS change_fraction
FROM week
WINDOW previous AS (PARTITION BY series ORDER BY week_from)
ORDER BY series, week_from
