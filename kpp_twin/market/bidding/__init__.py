"""Bids: made, checked, held in a book, and the curves of a strategy."""
