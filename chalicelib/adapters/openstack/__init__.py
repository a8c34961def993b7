"""OpenStack through openstacksdk: the ports Compute and CloudCatalog.

Importing this package imports no openstacksdk; its modules do (about a second of CPU).
"""
