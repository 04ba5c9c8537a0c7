"""A year of a simulated lender's book through the three services, told at the terminal."""
