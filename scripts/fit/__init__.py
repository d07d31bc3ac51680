"""`python -m scripts.fit`: maximum likelihood of what the filter takes from detectors and traffic, on scenes of our own."""
