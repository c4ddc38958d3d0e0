"""What a portfolio was worth at the end of each bucket: from stored hours, else from statements."""
