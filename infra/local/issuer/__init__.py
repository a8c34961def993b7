"""A SLICES token issuer for one machine: users, projects and experiments by name.

It stands in for the SLICES portal and the experiment authority. Whoever reaches it gets any
token, so it listens on loopback only and its keys live in memory only.
"""

from infra.local.issuer.issuer import ADMIN_USER_NAME, DEFAULT_AUDIENCE, Issuer

__all__ = ["ADMIN_USER_NAME", "DEFAULT_AUDIENCE", "Issuer"]
