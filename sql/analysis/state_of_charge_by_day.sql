-- Between which states of charge did the battery move on each local day, and when was it emptiest and fullest?
WITH minute AS (
    SELECT
        (valid_from AT TIME ZONE 'America/Chicago')::DATE AS local_day,
        valid_from AT TIME ZONE 'America/Chicago' AS local_time,
        state_of_charge
    FROM out_simulation
    WHERE asset = 'battery'
)
SELECT
    local_day,
    min(state_of_charge) AS lowest,
    strftime(arg_min(local_time, state_of_charge), '%H:%M') AS lowest_at,
    max(state_of_charge) AS highest,
    strftime(arg_max(local_time, state_of_charge), '%H:%M') AS highest_at,
    arg_max(state_of_charge, local_time) AS at_the_end,
    count(*) / 60 AS hours_simulated
FROM minute
GROUP BY local_day
ORDER BY local_day
