-- Which member of each ensemble erred least, how much did each weigh, and over how many days?
SELECT
    variable,
    series,
    member,
    count(*) AS days,
    avg(weight) AS mean_weight,
    avg(mean_absolute_error) AS mean_absolute_error
FROM out_member_forecast
WHERE intervals_scored > 0
GROUP BY variable, series, member
ORDER BY variable, series, mean_absolute_error
