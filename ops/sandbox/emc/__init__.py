"""EMC's dossier tracking (`POST /TrackingMCDT`) as a sandbox: every event counts, repeats included."""
