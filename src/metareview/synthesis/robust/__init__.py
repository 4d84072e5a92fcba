"""Cluster-robust variances, their small-sample tests, and the cluster wild bootstrap."""
