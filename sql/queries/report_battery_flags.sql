-- What was special in the battery's hours of [$start, $stop), as simulated last; the longest first.
SELECT flag, sum(seconds) AS seconds
FROM battery_flag
JOIN (
    SELECT valid_from, cycle_number
    FROM battery_hour
    WHERE valid_from >= $start AND valid_from < $stop AND cycle_number <= $through_cycle
    QUALIFY row_number() OVER (PARTITION BY valid_from ORDER BY known_at DESC, cycle_number DESC) = 1
) USING (valid_from, cycle_number)
GROUP BY flag
ORDER BY seconds DESC, flag
