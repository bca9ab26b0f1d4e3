-- Row count and order-independent digest of what one cycle wrote into a table, whatever its number and the wall clock,
-- and without the columns that came to the table after the cycle.
SELECT
    count(*) AS row_count,
    coalesce(sum(md5_number_lower(r::VARCHAR)::HUGEINT), 0)::VARCHAR AS digest
FROM (
    SELECT COLUMNS(lambda name: name NOT IN ('recorded_at', 'cycle_number') AND NOT list_contains($later_columns, name))
    FROM query_table($table_name)
    WHERE cycle_number = $cycle_number
) AS r
