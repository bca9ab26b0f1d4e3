-- Insert a row with new keys into each table that has an index, which reads the index; to be rolled back.
INSERT INTO cycle SELECT * REPLACE (-cycle_number AS cycle_number, '-' || cycle_id AS cycle_id) FROM cycle;
INSERT INTO model_version SELECT * REPLACE ('-' || model_version AS model_version) FROM model_version;
INSERT INTO schema_migration SELECT * REPLACE ('-' || name AS name) FROM schema_migration;
