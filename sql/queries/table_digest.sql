-- Row count and order-independent digest of what one cycle wrote into a table, whatever its number and the wall clock.
SELECT
    count(*) AS row_count,
    coalesce(sum(md5_number_lower(r::VARCHAR)::HUGEINT), 0)::VARCHAR AS digest
FROM (
    SELECT * EXCLUDE (recorded_at, cycle_number)
    FROM query_table($table_name)
    WHERE cycle_number = $cycle_number
) AS r
