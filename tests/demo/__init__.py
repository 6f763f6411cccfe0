"""The demonstration: one prepaid call for real, shown as it happens, proved from recordings."""
