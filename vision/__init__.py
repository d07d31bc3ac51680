"""Camera to messages: the pure core and the shells round it."""
