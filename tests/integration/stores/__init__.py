"""The DynamoDB adapter alone: what a contract of all stores cannot say."""
