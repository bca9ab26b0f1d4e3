"""The DuckDB history: connection, migrations, and one module per concern."""
