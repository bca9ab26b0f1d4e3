"""Prefect flows: a thin skin over `kpp_twin.cycle`."""
