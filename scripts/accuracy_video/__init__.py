"""Accuracy on pixels: simulated scenes through encoder, decoder, detector and core, compared with their truth."""
