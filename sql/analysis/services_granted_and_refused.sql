-- Which requests for services were granted whole, in part or not at all, and what was the newest reason?
SELECT
    service,
    priority,
    unit,
    count(*) AS requests,
    count(*) FILTER (share_granted > 1 - 1e-9) AS granted_whole,
    count(*) FILTER (share_granted > 0 AND share_granted <= 1 - 1e-9) AS granted_in_part,
    count(*) FILTER (share_granted <= 0) AS refused,
    sum(abs(granted)) / nullif(sum(abs(requested)), 0) AS share_granted,
    arg_max(reason, valid_from) FILTER (share_granted <= 1 - 1e-9) AS last_reason
FROM out_service_request
GROUP BY service, priority, unit
ORDER BY service, priority, unit
