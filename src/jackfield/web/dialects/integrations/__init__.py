"""What integrations_v1 and integrations_v2 share: two versions of one contract, with the same objects and errors."""
