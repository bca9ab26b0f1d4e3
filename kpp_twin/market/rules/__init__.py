"""What markets are held to: products, calendars, price limits, and when none of it can be relied on."""
