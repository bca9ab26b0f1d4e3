-- First and last interval start of any feed, by cycles up to a number; null if there is none.
SELECT min(valid_from) AS first_start, max(valid_from) AS last_start
FROM (
    SELECT valid_from, cycle_number FROM price
    UNION ALL SELECT valid_from, cycle_number FROM site_load
    UNION ALL SELECT valid_from, cycle_number FROM weather
)
WHERE cycle_number <= $through_cycle
