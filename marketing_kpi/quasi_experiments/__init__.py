"""What happened after an action, without a draw: before–after, differences, one series."""
