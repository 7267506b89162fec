"""Writes the dashboards for Grafana from the measures, so that no number is defined a second time."""
