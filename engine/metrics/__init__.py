"""What an engine tells of its work, in Prometheus' form."""

from engine.metrics.prometheus import CONTENT_TYPE, PrometheusMetrics

__all__ = ["CONTENT_TYPE", "PrometheusMetrics"]
