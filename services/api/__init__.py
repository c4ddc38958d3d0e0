"""The HTTP API: native `/v1`, and other systems' own shapes (dialects) answered from our data."""
