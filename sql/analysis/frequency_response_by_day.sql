-- What did frequency response ask, and what was delivered, on each local day, with which uptime and speed?
-- Uptime, response time and accuracy are means weighted by what was committed.
SELECT
    (valid_from AT TIME ZONE 'America/Chicago')::DATE AS local_day,
    count(*) AS hours,
    avg(committed) AS mean_committed_kw,
    sum(requested_kwh) AS requested_kwh,
    sum(delivered_kwh) AS delivered_kwh,
    sum(delivered_kwh) / nullif(sum(requested_kwh), 0) AS share_delivered,
    sum(uptime * committed) / nullif(sum(committed) FILTER (uptime IS NOT NULL), 0) AS uptime,
    sum(response_time_s * committed) / nullif(sum(committed) FILTER (response_time_s IS NOT NULL), 0) AS response_time_s,
    sum(accuracy * committed) / nullif(sum(committed) FILTER (accuracy IS NOT NULL), 0) AS accuracy
FROM out_service_performance
WHERE service = 'frequency_response'
GROUP BY local_day
ORDER BY local_day
