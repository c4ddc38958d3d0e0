"""Metrics declared once, structured logs with redaction, and health: the only importer of prometheus_client."""
