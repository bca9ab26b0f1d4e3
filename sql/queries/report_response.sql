-- What frequency response asked and delivered in each hour of [$start, $stop), as measured last.
SELECT valid_from, requested_kwh, delivered_kwh
FROM service_performance
WHERE service = 'frequency_response'
    AND valid_from >= $start AND valid_from < $stop AND cycle_number <= $through_cycle
QUALIFY row_number() OVER (PARTITION BY valid_from ORDER BY known_at DESC, cycle_number DESC) = 1
ORDER BY valid_from
