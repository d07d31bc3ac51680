"""The simulated gate as it is lived: paced by the wall clock, served as RTSP streams, broken on demand. Shells."""
