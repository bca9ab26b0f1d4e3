-- Cycles with as_of in [$start, $stop), in order.
SELECT cycle_number, cycle_id, kind, as_of, rows_in, rows_admitted, rows_quarantined, notes
FROM cycle
WHERE as_of >= $start AND as_of < $stop AND cycle_number <= $through_cycle
ORDER BY cycle_number
