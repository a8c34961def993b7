"""Verification of SLICES tokens (RFC 8725, RFC 9068); the only package that imports jwt.

Import from its modules: `trust` costs nothing, `verifier` loads jwt and cryptography.
"""
