"""HTTP clients of servers on this machine."""

import ssl
from typing import Any

import httpx

# A client reads the certificates of all authorities when it is made, which takes 50 ms. None is asked here.
_NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def http_client(url: str, **options: Any) -> httpx.AsyncClient:
    """For plain HTTP; `options` are httpx's own."""
    return httpx.AsyncClient(base_url=url, verify=_NO_AUTHORITIES, **options)
