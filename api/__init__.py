"""Messages to people and systems: history, alerts, REST, WebSocket, webhooks, the command line."""
