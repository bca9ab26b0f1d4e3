-- What the members of some forecasters said of the days since an instant, as of another and a cycle; the newest issue of a day.
SELECT * EXCLUDE (cycle_number, recorded_at, known_at)
FROM member_forecast
WHERE list_contains($model_versions, model_version)
    AND valid_from >= $since AND known_at <= $as_of AND cycle_number <= $through_cycle
QUALIFY row_number() OVER (
    PARTITION BY model_version, member, valid_from ORDER BY issued_at DESC, cycle_number DESC
) = 1
ORDER BY model_version, member, valid_from
