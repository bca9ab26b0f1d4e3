-- The newest cycle of each kind.
SELECT kind, cycle_id, as_of, notes
FROM cycle
QUALIFY row_number() OVER (PARTITION BY kind ORDER BY cycle_number DESC) = 1
ORDER BY kind
