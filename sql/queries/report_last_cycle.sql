-- The newest cycle as of an instant; of all, if none is given.
SELECT cycle_number, cycle_id, as_of, digest
FROM cycle
WHERE $as_of IS NULL OR as_of <= $as_of
ORDER BY cycle_number DESC
LIMIT 1
