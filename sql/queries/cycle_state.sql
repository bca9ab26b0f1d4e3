-- State that a cycle left.
SELECT state
FROM cycle
WHERE cycle_number = $cycle_number
