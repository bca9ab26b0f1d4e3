-- What did frequency response ask, and what was delivered, on each local day, how well, and how was the energy for it kept?
-- Uptime, response time and accuracy are means weighted by what was committed; the score is the mean of the hours' scores.
-- Of the time, the shares in which energy was restored, in which the response was bent towards that, and in which the
-- setpoint gave way to what was sold.
WITH managed AS (
    SELECT
        valid_from,
        sum(share_of_time) FILTER (flag IN ('restoring_up', 'restoring_down')) AS restoring,
        sum(share_of_time) FILTER (flag IN ('deadband_use', 'over_fulfilment')) AS bent,
        sum(share_of_time) FILTER (flag = 'setpoint_cut') AS setpoint_cut
    FROM out_battery_flag
    GROUP BY valid_from
)
SELECT
    (p.valid_from AT TIME ZONE 'America/Chicago')::DATE AS local_day,
    count(*) AS hours,
    avg(p.committed) AS mean_committed_kw,
    sum(p.requested_kwh) AS requested_kwh,
    sum(p.delivered_kwh) AS delivered_kwh,
    sum(p.delivered_kwh) / nullif(sum(p.requested_kwh), 0) AS share_delivered,
    sum(p.uptime * p.committed) / nullif(sum(p.committed) FILTER (p.uptime IS NOT NULL), 0) AS uptime,
    sum(p.response_time_s * p.committed)
        / nullif(sum(p.committed) FILTER (p.response_time_s IS NOT NULL), 0) AS response_time_s,
    sum(p.accuracy * p.committed) / nullif(sum(p.committed) FILTER (p.accuracy IS NOT NULL), 0) AS accuracy,
    avg(b.performance_score) AS performance_score,
    sum(b.mileage) AS mileage,
    sum(b.endurance_violation_s) AS endurance_violation_s,
    avg(coalesce(m.restoring, 0)) AS share_restoring,
    avg(coalesce(m.bent, 0)) AS share_response_bent,
    avg(coalesce(m.setpoint_cut, 0)) AS share_setpoint_cut
FROM out_service_performance AS p
LEFT JOIN out_battery AS b USING (valid_from)
LEFT JOIN managed AS m USING (valid_from)
WHERE p.service = 'frequency_response'
GROUP BY local_day
ORDER BY local_day
