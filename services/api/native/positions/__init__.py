"""The lines that a portfolio is made of, each with the verdict whether it counts."""
