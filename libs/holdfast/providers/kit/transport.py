"""The HTTP library, named once: to move to httpx's successor httpx2, change this import."""

import ssl
from functools import cache

import httpx as http

Transport = http.AsyncBaseTransport
"""What a Session sends through; tests put a fake here."""


@cache
def authorities() -> ssl.SSLContext:
    """Whose certificates count, for all sessions: reading them takes 50 ms, and every credential has a session."""
    return http.create_ssl_context()


__all__ = ["Transport", "authorities", "http"]
