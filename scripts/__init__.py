"""Programs for those who work on the project: set-up, generated documents, accuracy."""
