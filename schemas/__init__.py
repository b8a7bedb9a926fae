"""The contract: what is said on the hub's doors, on its log and in its receipts. No I/O, no platform names."""
