"""Warnings in a WeCom group, by a group robot."""
