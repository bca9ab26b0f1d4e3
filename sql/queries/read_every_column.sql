-- Read every value of a table; damaged blocks are noticed only then.
SELECT count(*) AS row_count, bit_xor(hash(r)) AS digest
FROM query_table($table_name) AS r
