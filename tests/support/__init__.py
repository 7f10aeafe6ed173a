"""What tests stand on: an operator, a running service, a tenant."""
