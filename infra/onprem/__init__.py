"""The lab half: what runs on the site's premises. It shares nothing with the cloud half but the wire."""
