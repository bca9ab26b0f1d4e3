-- The newest decision on each request for the hours of [$start, $stop), as of an instant and a cycle.
SELECT request_id, service, priority, valid_from, duration_minutes, requested, granted, unit, state, reason
FROM service_request
WHERE valid_from >= $start AND valid_from < $stop AND known_at <= $as_of AND cycle_number <= $through_cycle
QUALIFY row_number() OVER (PARTITION BY request_id ORDER BY known_at DESC, cycle_number DESC) = 1
ORDER BY valid_from, request_id
