"""Tracking calls in SQL: kept once without their callers, with the sums that reports read."""
