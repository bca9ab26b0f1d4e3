-- I6: the snapshot is a state that the live history went through.
-- The table `published` is offered by the caller.
SELECT published.cycle_id, published.digest AS in_snapshot, cycle.digest AS in_database
FROM published
LEFT JOIN cycle USING (cycle_number)
WHERE cycle.digest IS DISTINCT FROM published.digest
ORDER BY published.cycle_number
