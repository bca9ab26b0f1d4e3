-- Rows in quarantine by feed and reason.
SELECT feed, reason, count(*) AS row_count, max(known_at) AS latest
FROM quarantine
GROUP BY feed, reason
ORDER BY feed, reason
