-- Choices of a forecaster that held at some time of [$start, $stop).
SELECT variable, series, method, model_version, chosen_by, serves_from
FROM (
    SELECT
        s.variable,
        s.series,
        coalesce(m.method, '') AS method,
        s.model_version,
        s.chosen_by,
        s.known_at AS serves_from,
        lead(s.known_at) OVER (PARTITION BY s.variable, s.series ORDER BY s.known_at, s.cycle_number) AS serves_until
    FROM model_serving AS s
    LEFT JOIN model_version AS m USING (model_version)
    WHERE s.cycle_number <= $through_cycle
)
WHERE serves_from < $stop AND (serves_until IS NULL OR serves_until > $start)
ORDER BY variable DESC, series, serves_from
