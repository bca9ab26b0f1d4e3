-- What a history table gained since an instant, by cycles up to a number.
SELECT * EXCLUDE (recorded_at)
FROM query_table($table_name)
WHERE known_at > $since AND known_at <= $as_of AND cycle_number <= $through_cycle
ORDER BY ALL
