-- What did each service earn or cost on each local day, and what was left? All money follows from the assumed values of the
-- site; `hours_settled` says how much of the day is in it.
SELECT
    (valid_from AT TIME ZONE 'America/Chicago')::DATE AS local_day,
    coalesce(service, 'net') AS service,
    count(DISTINCT valid_from) AS hours_settled,
    sum(amount) AS amount,
    any_value(currency) AS currency
FROM out_money
GROUP BY GROUPING SETS ((local_day, service), (local_day))
ORDER BY local_day, service = 'net', service
