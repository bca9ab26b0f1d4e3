"""Bytes from a provider become records here, and nothing else happens."""
