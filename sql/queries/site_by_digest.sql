-- A site as it was set.
SELECT content
FROM site
WHERE site_digest = $site_digest
LIMIT 1
