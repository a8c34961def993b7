"""The deployment to AWS: what `chalice package` does not make by itself."""
