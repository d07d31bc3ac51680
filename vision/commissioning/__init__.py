"""Setting a gate up: are the cameras, the lanes and the model what they should be? Shells."""
