"""Warnings by e-mail, in English, Chinese or both."""
