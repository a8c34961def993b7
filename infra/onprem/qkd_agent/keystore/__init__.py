"""What must survive a crash: stocks, the ledger of deliveries, held keys (sealed), events."""
