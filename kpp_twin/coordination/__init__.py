"""The grid services coordinator: requests, priorities, allocation, performance."""
