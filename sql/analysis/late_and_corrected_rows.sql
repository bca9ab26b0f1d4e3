-- Which rows came after they should have been known, or replaced an earlier value? By feed and local day of the interval.
-- Due: day-ahead prices at 13:30 local on the day before, metered values 15 minutes after their interval has ended.
WITH arrival AS (
    SELECT
        'price' AS feed,
        series,
        valid_from,
        known_at,
        price_per_mwh AS value,
        ((valid_from AT TIME ZONE 'America/Chicago')::DATE - INTERVAL 630 MINUTES) AT TIME ZONE 'America/Chicago' AS due_at
    FROM price
    UNION ALL
    SELECT 'load', series, valid_from, known_at, load_kw, valid_from + to_minutes(duration_minutes + 15)
    FROM site_load
    UNION ALL
    SELECT 'weather', series, valid_from, known_at, temperature_c, valid_from + to_minutes(duration_minutes + 15)
    FROM weather
),
revised AS (
    SELECT *, value - lag(value) OVER (PARTITION BY feed, series, valid_from ORDER BY known_at) AS change
    FROM arrival
)
SELECT
    feed,
    series,
    (valid_from AT TIME ZONE 'America/Chicago')::DATE AS local_day,
    count(*) FILTER (known_at > due_at AND change IS NULL) AS rows_late,
    count(change) AS rows_corrected,
    max(epoch(known_at) - epoch(due_at)) / 3600 AS longest_delay_hours,
    max(abs(change)) AS largest_change
FROM revised
WHERE known_at > due_at
GROUP BY ALL
ORDER BY local_day DESC, feed, series
