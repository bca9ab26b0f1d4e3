-- Which rules were broken, how often, and with what evidence? Newest finding first.
SELECT
    subject,
    rule,
    action,
    count(*) AS checks,
    count(*) FILTER (NOT passed) AS checks_failed,
    sum(rows_failed)::BIGINT AS rows_failed,
    sum(rows_failed) / nullif(sum(rows_checked), 0) AS share_failed,
    max(known_at) FILTER (NOT passed) AS last_failed_at,
    arg_max(evidence, known_at) FILTER (NOT passed) AS last_evidence
FROM out_quality
GROUP BY subject, rule, action
HAVING checks_failed > 0
ORDER BY last_failed_at DESC, rows_failed DESC, subject, rule
