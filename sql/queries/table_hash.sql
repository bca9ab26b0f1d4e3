-- Row count and order-independent digest of a whole table, without the wall-clock column.
SELECT
    count(*) AS row_count,
    coalesce(sum(md5_number_lower(r::VARCHAR)::HUGEINT), 0)::VARCHAR AS digest
FROM (SELECT * EXCLUDE (recorded_at) FROM query_table($table_name)) AS r
