-- Every cycle that the database holds, as the journal notes it.
SELECT cycle_number, cycle_id, row_counts, digest
FROM cycle
ORDER BY cycle_number
