"""The market: plans, bids, strategy and settlement."""
