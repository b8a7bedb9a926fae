"""The read side and the parking place, by SQLAlchemy."""
