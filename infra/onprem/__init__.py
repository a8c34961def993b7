"""The lab half: it runs on the site's premises and shares only the wire with the cloud half."""
