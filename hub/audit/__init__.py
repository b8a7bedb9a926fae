"""Who asked for whose data: durable before the question, durable before the answer."""
