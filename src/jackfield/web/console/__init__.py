"""The console: pages on which administrators and the operator see and do what the contracts offer to programs."""
