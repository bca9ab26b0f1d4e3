-- Every version of every interval of a feed's table since an instant, as of an instant and a cycle, oldest first.
SELECT
    series,
    valid_from,
    known_at,
    COLUMNS(c -> c IN ('price_per_mwh', 'load_kw', 'temperature_c')) AS value
FROM query_table($table_name)
WHERE valid_from >= $start AND known_at <= $as_of AND cycle_number <= $through_cycle
ORDER BY known_at, cycle_number
