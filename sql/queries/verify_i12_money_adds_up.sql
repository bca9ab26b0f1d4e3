-- I12: the amount of a settlement line is its quantity times its price; each hour is settled once, and anew only at another price.
SELECT service, asset, valid_from, quantity_kwh, price_per_mwh, amount, 1 AS times_settled
FROM settlement_line
WHERE abs(amount - quantity_kwh / 1000 * price_per_mwh) > 1e-6
UNION ALL
SELECT service, asset, valid_from, NULL, NULL, NULL, count(*)
FROM settlement_line
GROUP BY service, asset, valid_from, cycle_number
HAVING count(*) > 1
UNION ALL
SELECT service, asset, valid_from, NULL, price_per_mwh, NULL, 2
FROM settlement_line
WHERE service = 'energy'
QUALIFY price_per_mwh = lag(price_per_mwh) OVER (PARTITION BY asset, valid_from ORDER BY cycle_number)
ORDER BY ALL
