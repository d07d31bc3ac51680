"""The HTTP and WebSocket routes, one file a subject; each function turns a request into a call and its result into a body."""
