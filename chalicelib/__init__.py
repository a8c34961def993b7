"""The backend's library: domain, services, adapters, HTTP edge and composition root."""
