"""The door for applications: an ETSI GS QKD 014 V1.1.1 server. Strict in what it answers."""
