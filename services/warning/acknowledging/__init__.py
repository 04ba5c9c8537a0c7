"""Acknowledgements, by HTTP or off topic `acknowledgements`: recorded once, and told on topic `warnings`."""
