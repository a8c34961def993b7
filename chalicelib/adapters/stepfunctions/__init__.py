"""Workflows on Step Functions and steps on Lambda."""
