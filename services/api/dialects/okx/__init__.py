"""OKX's DeFi holdings, answered from our own data: the same requests, signatures, shapes and error codes."""
