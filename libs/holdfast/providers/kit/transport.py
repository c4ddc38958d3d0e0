"""The HTTP library, named once: to move to httpx's successor httpx2, change this import."""

import httpx as http

Transport = http.AsyncBaseTransport
"""What a Session sends through; tests put a fake here."""

__all__ = ["Transport", "http"]
