"""Forecasters; they know records and arrays, never the store."""
