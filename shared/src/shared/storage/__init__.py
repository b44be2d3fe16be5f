"""All that is known about the database and the blob store."""
