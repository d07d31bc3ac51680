"""What a lane measures: its queue, visits, waits, rates, the quality of all that, and the messages. Pure."""
