"""The client of the lab's QKD agents, through the tunnel."""
