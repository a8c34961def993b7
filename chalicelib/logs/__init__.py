"""Structured logs: what may be said, who it belongs to, and how a line is written.

Standard library only: the API's cold start pays for every import (docs/reference/observability.md).
"""
