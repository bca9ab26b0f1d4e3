-- The latest known value of each interval of [$start, $stop), as of an instant and a cycle.
SELECT
    series,
    valid_from,
    arg_max(load_kw, known_at) AS value,
    max(known_at) AS known_at
FROM site_load
WHERE valid_from >= $start AND valid_from < $stop AND known_at <= $as_of AND cycle_number <= $through_cycle
GROUP BY series, valid_from
ORDER BY series, valid_from
