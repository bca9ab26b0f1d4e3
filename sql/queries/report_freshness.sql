-- End of the last known interval of each series of a feed's table.
SELECT series, max(valid_from + to_minutes(duration_minutes)) AS known_until
FROM query_table($table_name)
WHERE cycle_number <= $through_cycle
GROUP BY series
ORDER BY series
