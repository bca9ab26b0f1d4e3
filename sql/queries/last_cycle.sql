-- The newest cycle, or the newest before a given number; the next one starts from its end state.
SELECT cycle_number, cycle_id, as_of, digest, state
FROM cycle
WHERE $before IS NULL OR cycle_number < $before
ORDER BY cycle_number DESC
LIMIT 1
