"""Cameras and video files: opened, decoded, sampled, their faults told as states. Shells round the core."""
