"""The cloud through openstacksdk."""
