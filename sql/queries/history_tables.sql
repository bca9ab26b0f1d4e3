-- Tables that cycles write into.
SELECT table_name
FROM duckdb_columns()
WHERE NOT internal AND column_name = 'cycle_number' AND table_name NOT LIKE 'out\_%' ESCAPE '\'
ORDER BY table_name
