-- I5: the energy ledger of each asset and hour sums to zero, to 1e-9 of what passed through.
SELECT asset, valid_from, known_at, sum(energy_kwh) AS residual_kwh, sum(abs(energy_kwh)) / 2 AS throughput_kwh
FROM energy_ledger
GROUP BY asset, valid_from, known_at
HAVING abs(sum(energy_kwh)) > 1e-9 * sum(abs(energy_kwh)) / 2 + 1e-12
ORDER BY ALL
