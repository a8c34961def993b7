"""Where the world is touched: DynamoDB, OpenStack, SLICES tokens, Step Functions."""
