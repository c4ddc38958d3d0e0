"""Other systems' APIs, in their shapes and with their authentication, answered from our data."""
