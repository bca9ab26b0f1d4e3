-- Which requests for services were granted whole, in part or not at all, and what was the newest reason?
SELECT
    service,
    priority,
    unit,
    count(*) AS requests,
    count(*) FILTER (granted >= requested) AS granted_whole,
    count(*) FILTER (granted < requested AND granted > 0) AS granted_in_part,
    count(*) FILTER (granted <= 0 AND requested > 0) AS refused,
    sum(granted) / nullif(sum(requested), 0) AS share_granted,
    arg_max(reason, valid_from) FILTER (reason <> '') AS last_reason
FROM out_service_request
GROUP BY service, priority, unit
ORDER BY service, priority, unit
