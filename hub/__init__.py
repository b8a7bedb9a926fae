"""The bus: it translates, routes, retries and accounts for messages, and knows no platform by name."""
