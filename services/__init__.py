"""The three services. They never import each other: topics and PostgreSQL join them."""
