"""The only door that the cloud reaches. It orders and watches; no route of it can return a key."""
