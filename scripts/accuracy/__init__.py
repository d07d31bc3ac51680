"""`make accuracy`: the core's figures on simulated traffic beside the truth. Run it as `python -m scripts.accuracy`."""
