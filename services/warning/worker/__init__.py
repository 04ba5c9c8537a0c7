"""The consume loop: fetch, decide, commit; owns partitions."""
