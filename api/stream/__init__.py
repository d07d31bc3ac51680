"""What comes from the bus and goes to it: the live view, the recorder, the outbox. asyncio."""
