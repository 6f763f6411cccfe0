"""Tests of the project itself: its rules, its set-up, its images."""
