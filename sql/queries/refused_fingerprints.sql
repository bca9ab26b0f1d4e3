-- Rows of a feed that are in quarantine, by fingerprint, as of an instant and a cycle.
SELECT fingerprint
FROM quarantine
WHERE feed = $feed AND known_at <= $as_of AND cycle_number <= $through_cycle
