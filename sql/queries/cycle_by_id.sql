-- One cycle as it was committed.
SELECT cycle_number, notes, row_counts, rows_in, rows_admitted, rows_quarantined
FROM cycle
WHERE cycle_id = $cycle_id
