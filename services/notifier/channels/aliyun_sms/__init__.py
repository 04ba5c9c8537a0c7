"""Warnings as text messages by Alibaba Cloud's Short Message Service, in templates it has approved."""
