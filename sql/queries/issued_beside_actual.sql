-- What came from $since on, and from $start on the last day-ahead forecast of it by a daily cycle, both before $stop.
-- Each of them may be null: without bounds, every variable, every series.
WITH issued AS (
    SELECT variable, series, valid_from, forecast_value, quantiles
    FROM forecast
    SEMI JOIN (FROM cycle WHERE kind = 'daily') AS daily USING (cycle_number)
    WHERE valid_from >= coalesce($start, valid_from)
    QUALIFY row_number() OVER (PARTITION BY variable, series, valid_from ORDER BY issued_at DESC, cycle_number DESC) = 1
)
SELECT
    a.variable,
    a.series,
    a.valid_from,
    a.actual_value AS actual,
    i.forecast_value AS forecast,
    i.quantiles
FROM out_actual AS a
LEFT JOIN issued AS i USING (variable, series, valid_from)
WHERE a.valid_from >= coalesce($since, a.valid_from) AND a.valid_from < coalesce($stop, a.valid_from + INTERVAL 1 DAY)
    AND a.variable = coalesce($variable, a.variable) AND a.series = coalesce($series, a.series)
ORDER BY a.variable, a.series, a.valid_from
