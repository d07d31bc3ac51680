"""What every route shares: problems, the page's files, the source archive, schema and metrics."""
