"""Frequency services: what each product asks for, from one dated table."""
