-- Whether a table is there; an old snapshot has not all of them.
SELECT count(*) > 0 AS is_there
FROM information_schema.tables
WHERE table_name = $table_name
