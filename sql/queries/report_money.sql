-- Money of the hours of [$start, $stop) by service, as settled last.
SELECT service, valid_from, sum(amount) AS amount, any_value(currency) AS currency
FROM (
    SELECT *
    FROM settlement_line
    WHERE valid_from >= $start AND valid_from < $stop AND cycle_number <= $through_cycle
    QUALIFY cycle_number = max(cycle_number) OVER (PARTITION BY valid_from)
)
GROUP BY service, valid_from
ORDER BY service, valid_from
