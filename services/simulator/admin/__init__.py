"""What operators and checks ask of the world itself, below `/_`."""
