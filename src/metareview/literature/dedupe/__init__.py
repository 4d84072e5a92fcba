"""Duplicate records: prepare, block, compare, judge by rules, cluster; `deduplicate` does it all."""
