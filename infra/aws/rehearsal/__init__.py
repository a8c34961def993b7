"""The rehearsal of a deployment (make rehearse): the real zip and template, all but the account."""
