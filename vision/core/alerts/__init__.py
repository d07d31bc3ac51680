"""Alert rules as a fold over messages. Pure."""
