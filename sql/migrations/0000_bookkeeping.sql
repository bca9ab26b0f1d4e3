-- Which migrations this database has; the runner creates the table, so that it can be asked before the first one.
COMMENT ON TABLE schema_migration IS 'Migrations applied, and the digest of the views as they stand.';
COMMENT ON COLUMN schema_migration.name IS 'File name without its ending [text]';
COMMENT ON COLUMN schema_migration.sha256 IS 'Digest of the file when it was applied [hex]';
COMMENT ON COLUMN schema_migration.recorded_at IS 'When it was applied, by the wall clock [UTC]';
