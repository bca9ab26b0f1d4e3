-- Cycles since an instant, up to a number.
SELECT * EXCLUDE (recorded_at)
FROM cycle
WHERE as_of > $since AND as_of <= $as_of AND cycle_number <= $through_cycle
ORDER BY cycle_number
