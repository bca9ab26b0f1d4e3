-- Every table and view (column empty), and every column, with the unit that ends its comment.
WITH entry AS (
    SELECT table_name, '' AS column_name, 'table' AS type, 0 AS position, comment FROM duckdb_tables() WHERE NOT internal
    UNION ALL
    SELECT view_name, '', 'view', 0, comment FROM duckdb_views() WHERE NOT internal
    UNION ALL
    SELECT table_name, column_name, data_type, column_index, comment FROM duckdb_columns() WHERE NOT internal
)
SELECT
    table_name,
    column_name,
    type,
    regexp_extract(comment, '\[([^\[\]]+)\]$', 1) AS unit,
    regexp_replace(comment, '\s*\[[^\[\]]+\]$', '') AS meaning
FROM entry
ORDER BY table_name LIKE 'out\_%' ESCAPE '\' DESC, table_name, position
