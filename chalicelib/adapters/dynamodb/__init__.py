"""Stores on DynamoDB through pynamodb: single-item conditional writes only."""
