-- The services of [$start, $stop): requests as decided last, performance as measured last. Means of absolute values over the
-- hours, those of uptime, response time and accuracy weighted by what was committed.
WITH asked AS (
    SELECT
        service,
        any_value(unit) AS unit,
        count(*) AS n_requests,
        count(*) FILTER (abs(granted) < abs(requested) - 1e-9) AS n_cut,
        avg(abs(requested)) AS requested,
        avg(abs(granted)) AS granted
    FROM (
        SELECT *
        FROM service_request
        WHERE valid_from >= $start AND valid_from < $stop AND cycle_number <= $through_cycle
        QUALIFY row_number() OVER (PARTITION BY request_id ORDER BY known_at DESC, cycle_number DESC) = 1
    )
    GROUP BY service
),
measured AS (
    SELECT
        service,
        count(*) AS n_hours,
        sum(uptime * committed) / nullif(sum(committed) FILTER (uptime IS NOT NULL), 0) AS uptime,
        sum(response_time_s * committed) / nullif(sum(committed) FILTER (response_time_s IS NOT NULL), 0) AS response_time_s,
        sum(accuracy * committed) / nullif(sum(committed) FILTER (accuracy IS NOT NULL), 0) AS accuracy,
        sum(requested_kwh) AS requested_kwh,
        sum(delivered_kwh) AS delivered_kwh
    FROM (
        SELECT *
        FROM service_performance
        WHERE valid_from >= $start AND valid_from < $stop AND cycle_number <= $through_cycle
        QUALIFY row_number() OVER (PARTITION BY service, valid_from ORDER BY known_at DESC, cycle_number DESC) = 1
    )
    GROUP BY service
)
SELECT
    service,
    coalesce(unit, '') AS unit,
    coalesce(n_requests, 0) AS n_requests,
    coalesce(n_cut, 0) AS n_cut,
    requested,
    granted,
    coalesce(n_hours, 0) AS n_hours,
    uptime,
    response_time_s,
    accuracy,
    requested_kwh,
    delivered_kwh
FROM asked
FULL JOIN measured USING (service)
ORDER BY service
