"""Credentials from AWS Secrets Manager, where there are no files."""
