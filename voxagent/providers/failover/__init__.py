"""Failover: several models and credentials as one provider, that tells what it did."""
