"""Unit tests of chalicelib/domain."""
