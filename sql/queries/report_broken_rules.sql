-- Rules that rows broke in the cycles with as_of in [$start, $stop), with the first evidence.
SELECT
    r.subject,
    r.rule,
    r.action,
    sum(r.rows_failed)::BIGINT AS rows_failed,
    count(*) AS cycles,
    arg_min(r.evidence, r.cycle_number) AS evidence
FROM quality_result AS r
JOIN cycle AS c USING (cycle_number)
WHERE c.as_of >= $start AND c.as_of < $stop AND cycle_number <= $through_cycle AND NOT r.passed
GROUP BY r.subject, r.rule, r.action
ORDER BY r.subject, r.action DESC, r.rule
