"""Credentials from Secrets Manager."""
