"""The version of this API."""

API_VERSION = "0.1.0"
