"""The closed loop at 1 s, and its energy ledger."""
