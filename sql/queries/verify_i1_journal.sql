-- I1: no cycle that the journal acknowledged is missing, or differs.
-- The table `journal` is offered by the caller.
SELECT journal.cycle_id, journal.digest AS in_journal, cycle.digest AS in_database
FROM journal
LEFT JOIN cycle USING (cycle_number)
WHERE cycle.digest IS DISTINCT FROM journal.digest
ORDER BY journal.cycle_number
