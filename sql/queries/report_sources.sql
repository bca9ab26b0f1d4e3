-- Where the rows of [$start, $stop) of a feed's table came from.
SELECT DISTINCT source
FROM query_table($table_name)
WHERE valid_from >= $start AND valid_from < $stop AND cycle_number <= $through_cycle
ORDER BY source
