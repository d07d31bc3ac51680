"""The live worker: threads from the cameras to the stream. Shells round the core."""
