"""The HTTP edge: schemas, problems, authentication, pages, OpenAPI."""
