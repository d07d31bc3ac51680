"""A simulated border gate: traffic with known truth, pictures of it, files. A shell package beside the core.

Nothing of the product needs it; it imports the product's configuration and recordings, never the other way round.
"""
