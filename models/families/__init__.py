"""Families of day-ahead forecasters: each a module of `fit` and `forecast` over day tables."""
