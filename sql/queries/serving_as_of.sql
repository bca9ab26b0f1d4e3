-- Which forecaster serves each variable and series, as of an instant and a cycle; before any choice the newest one.
WITH chosen AS (
    SELECT variable, series, model_version, chosen_by, known_at, cycle_number, true AS was_chosen
    FROM model_serving
    UNION ALL
    SELECT variable, series, model_version, 'first', known_at, cycle_number, false
    FROM model_version
)
SELECT variable, series, model_version, chosen_by, known_at
FROM chosen
WHERE known_at <= $as_of AND cycle_number <= $through_cycle
QUALIFY row_number() OVER (
    PARTITION BY variable, series ORDER BY was_chosen DESC, known_at DESC, cycle_number DESC
) = 1
ORDER BY variable, series
