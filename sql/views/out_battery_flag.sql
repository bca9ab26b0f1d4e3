-- What was special in the battery's hours, as simulated last: only flags that occurred, faults of the frequency apart.
CREATE OR REPLACE VIEW out_battery_flag AS
SELECT
    f.valid_from,
    f.duration_minutes,
    f.flag,
    f.flag IN (
        'missing', 'out_of_range', 'other_nominal', 'jump', 'frozen', 'returning', 'held', 'degraded', 'signal_missing'
    ) AS is_fault,
    f.seconds,
    f.seconds / (60 * f.duration_minutes) AS share_of_time,
    f.known_at,
    b.cycle_id
FROM battery_flag AS f
JOIN out_battery AS b USING (valid_from, known_at);
COMMENT ON VIEW out_battery_flag IS 'Faults of the frequency, and management of the battery''s energy, by hour; several may hold in one second.';
COMMENT ON COLUMN out_battery_flag.valid_from IS 'Start of the hour [UTC]';
COMMENT ON COLUMN out_battery_flag.duration_minutes IS 'Length of the interval [minutes]';
COMMENT ON COLUMN out_battery_flag.flag IS 'What held, as in frozen or restoring_up [text]';
COMMENT ON COLUMN out_battery_flag.is_fault IS 'Whether it is a fault of what was measured, or its consequence; else energy was managed or power cut [true/false]';
COMMENT ON COLUMN out_battery_flag.seconds IS 'For how long it held [s]';
COMMENT ON COLUMN out_battery_flag.share_of_time IS 'The same as a share of the hour [fraction]';
COMMENT ON COLUMN out_battery_flag.known_at IS 'The as_of of the cycle that simulated it [UTC]';
COMMENT ON COLUMN out_battery_flag.cycle_id IS 'Cycle that simulated it [text]';
