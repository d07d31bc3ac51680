"""An RTSP server: loops, several clients, Basic and Digest, faults on demand; for the simulated gate and for tests. A shell."""
