-- What did the twin know about one local day at two instants? Here: the newest day of which metered load is known, as seen
-- when the first and the last cycle of that day began. To ask about another day, put its date and instants into `asked`.
WITH asked AS (
    SELECT as_of_day AS local_day, min(as_of) AS earlier, max(as_of) AS later
    FROM (SELECT as_of, (as_of AT TIME ZONE 'America/Chicago')::DATE AS as_of_day FROM cycle)
    WHERE as_of_day = (SELECT max((valid_from AT TIME ZONE 'America/Chicago')::DATE) FROM site_load)
    GROUP BY as_of_day
),
seen AS (
    SELECT 'price' AS variable, series, valid_from, known_at, price_per_mwh AS value FROM price
    UNION ALL
    SELECT 'load', series, valid_from, known_at, load_kw FROM site_load
    UNION ALL
    SELECT 'forecast of ' || variable, series, valid_from, known_at, forecast_value FROM forecast
)
SELECT
    variable,
    series,
    valid_from,
    valid_from AT TIME ZONE 'America/Chicago' AS local_time,
    arg_max(value, known_at) FILTER (known_at <= earlier) AS value_known_earlier,
    arg_max(value, known_at) FILTER (known_at <= later) AS value_known_later,
    max(known_at) FILTER (known_at <= earlier) AS known_at_earlier,
    max(known_at) FILTER (known_at <= later) AS known_at_later
FROM seen
JOIN asked ON (valid_from AT TIME ZONE 'America/Chicago')::DATE = local_day
GROUP BY variable, series, valid_from
ORDER BY variable, series, valid_from
