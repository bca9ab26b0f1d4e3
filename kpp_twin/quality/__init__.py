"""The gate between sources and history."""
