"""The door for the agents of other sites: message shapes of ETSI GS QKD 020 V1.1.1."""
