-- Which faults did the measured frequency have, in how many hours, for what share of the time, and when first and last?
SELECT
    flag,
    count(*) AS hours,
    sum(seconds) AS seconds,
    sum(seconds) / (SELECT sum(60 * duration_minutes) FROM out_battery) AS share_of_time,
    max(share_of_time) AS largest_share_of_an_hour,
    min(valid_from) AS first_hour,
    max(valid_from) AS last_hour,
    max(valid_from) AT TIME ZONE 'America/Chicago' AS last_local_time
FROM out_battery_flag
WHERE is_fault
GROUP BY flag
ORDER BY seconds DESC, flag
