"""Demand response: events, curtailment and its rebound."""
