"""Who may ask: sessions, tokens, and the guard before every request."""
