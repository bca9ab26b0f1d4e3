-- The forecast of [$start, $stop) by the last daily cycle before $start, with its 5 % and 95 % quantiles (levels i/(n+1)).
SELECT
    variable,
    series,
    valid_from,
    issued_at,
    model_version,
    forecast_value AS value,
    quantiles[round(0.05 * (len(quantiles) + 1))::INTEGER] AS low,
    quantiles[round(0.95 * (len(quantiles) + 1))::INTEGER] AS high
FROM forecast
SEMI JOIN (FROM cycle WHERE kind = 'daily') AS daily USING (cycle_number)
WHERE valid_from >= $start AND valid_from < $stop AND issued_at < $start AND cycle_number <= $through_cycle
QUALIFY issued_at = max(issued_at) OVER (PARTITION BY variable, series)
ORDER BY variable, series, valid_from
