-- I12: the amount of a settlement line is its quantity times its price, and each hour is settled once.
SELECT service, asset, valid_from, quantity_kwh, price_per_mwh, amount, 1 AS times_settled
FROM settlement_line
WHERE abs(amount - quantity_kwh / 1000 * price_per_mwh) > 1e-6
UNION ALL
SELECT service, asset, valid_from, NULL, NULL, NULL, count(*)
FROM settlement_line
GROUP BY service, asset, valid_from
HAVING count(*) > 1
ORDER BY ALL
