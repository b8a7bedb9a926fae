"""Status events: what changed of a dossier, for ministries and senders."""
