"""SuperLender: a digital lender's book of small loans (Nigeria), as two tables of loans."""
