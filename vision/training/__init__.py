"""Training of the detector: labelled frames, the loop, validation by size, export, the model's card. Needs the extra ml.

`frames` and `precision` work without it.
"""
