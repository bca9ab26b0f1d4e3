-- The newest setpoint of each asset and hour of [$start, $stop), from plans issued before the hour.
SELECT asset, valid_from, setpoint_kw, reserved_up_kw, reserved_down_kw
FROM schedule
WHERE valid_from >= $start AND valid_from < $stop AND issued_at <= valid_from
    AND known_at <= $as_of AND cycle_number <= $through_cycle
QUALIFY row_number() OVER (PARTITION BY asset, valid_from ORDER BY issued_at DESC, cycle_number DESC) = 1
ORDER BY asset, valid_from
