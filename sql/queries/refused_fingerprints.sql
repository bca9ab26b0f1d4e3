-- Rows of a feed that are in quarantine, by fingerprint.
SELECT fingerprint
FROM quarantine
WHERE feed = $feed AND cycle_number <= $through_cycle
