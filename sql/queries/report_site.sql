-- The site as it was set last, by cycles up to a number.
SELECT content
FROM site
WHERE cycle_number <= $through_cycle
ORDER BY known_at DESC, cycle_number DESC
LIMIT 1
