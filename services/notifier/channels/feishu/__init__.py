"""Warnings in a Feishu (or Lark) group, by a custom robot."""
