-- The simulated assets by the minute of [$start, $stop), as simulated last.
SELECT asset, valid_from, setpoint_kw, power_kw, energy_stored_kwh, frequency_hz
FROM simulation_minute
WHERE valid_from >= $start AND valid_from < $stop AND cycle_number <= $through_cycle
QUALIFY row_number() OVER (PARTITION BY asset, valid_from ORDER BY known_at DESC, cycle_number DESC) = 1
ORDER BY asset, valid_from
