-- Where each chain of cycles stands.
SELECT kind, max(as_of) AS as_of
FROM cycle
GROUP BY kind
