"""What people decide about deliveries that are under way: withdrawals, newer revisions, rulings."""
