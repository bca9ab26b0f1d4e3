-- Cycles of which a table holds rows that were not recorded with the cycle itself: one transaction has one instant.
SELECT DISTINCT cycle.cycle_id
FROM query_table($table_name) AS rows_of_cycle
JOIN cycle ON cycle.cycle_number = rows_of_cycle.cycle_number
WHERE cycle.recorded_at != rows_of_cycle.recorded_at
ORDER BY ALL
