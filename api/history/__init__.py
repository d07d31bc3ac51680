"""The database: tables, what is written, what is asked, what is forgotten."""
