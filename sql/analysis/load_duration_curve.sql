-- For what share of the time did the load stand at or above a level? The load duration curve in 5 % steps, by local year.
SELECT
    series,
    year(valid_from AT TIME ZONE 'America/Chicago') AS local_year,
    unnest(range(0, 105, 5)) / 100 AS share_of_time,
    unnest(quantile_cont(load_kw, [1 - step / 100 FOR step IN range(0, 105, 5)])) AS load_kw
FROM out_load
GROUP BY series, local_year
ORDER BY series, local_year, share_of_time
