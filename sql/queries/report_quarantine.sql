-- The first rows that the cycles with as_of in [$start, $stop) kept out.
SELECT q.feed, q.reason, q.origin, q.valid_from, q.raw, c.cycle_id
FROM quarantine AS q
JOIN cycle AS c USING (cycle_number)
WHERE c.as_of >= $start AND c.as_of < $stop AND cycle_number <= $through_cycle
ORDER BY cycle_number, q.feed, q.valid_from, q.origin, q.fingerprint
LIMIT $n_rows
