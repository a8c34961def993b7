"""Unit tests of chalicelib/services."""
