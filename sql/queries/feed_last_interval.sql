-- Start of the newest interval that a feed's table holds, as of an instant and a cycle.
SELECT max(valid_from) AS valid_from
FROM query_table($table_name)
WHERE known_at <= $as_of AND cycle_number <= $through_cycle
