-- Start of the newest interval that a feed's table holds, after a cycle.
SELECT max(valid_from) AS valid_from
FROM query_table($table_name)
WHERE cycle_number <= $through_cycle
