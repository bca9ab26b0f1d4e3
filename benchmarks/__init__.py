"""Benchmarks of the store and of the cycle: ``python -m benchmarks.NAME --json``."""
