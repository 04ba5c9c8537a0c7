"""How Bellwether is run: on one machine (`local`), with Docker Compose, on Kubernetes."""
