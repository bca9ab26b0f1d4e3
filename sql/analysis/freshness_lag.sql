-- How old was the newest known value of each series when a cycle began? Negative: known that far ahead, as with prices.
WITH known AS (
    SELECT
        kind,
        as_of,
        unnest(json_keys(known_until)) AS series,
        replace(unnest(json_extract_string(known_until, '$.*')), 'Z', ':00Z')::TIMESTAMPTZ AS known_until
    FROM out_cycle
),
lag AS (
    SELECT *, (epoch(as_of) - epoch(known_until)) / 3600 AS lag_hours
    FROM known
)
SELECT
    series,
    count(*) AS cycles,
    max(as_of) AS last_as_of,
    arg_max(known_until, as_of) AS last_known_until,
    arg_max(lag_hours, as_of) AS last_lag_hours,
    median(lag_hours) AS median_lag_hours,
    max(lag_hours) AS longest_lag_hours,
    arg_max(as_of, lag_hours) AS longest_at
FROM lag
GROUP BY series
ORDER BY series
