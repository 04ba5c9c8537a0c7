"""Changes come in from topic `warnings`, and become deliveries."""
