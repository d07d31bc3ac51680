"""The pure core: no clock, file, socket, thread or randomness."""
