"""The battery: storage, and the grid stabilization controller."""
