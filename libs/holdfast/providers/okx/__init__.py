"""OKX OnchainOS: DeFi positions of a wallet, platform by platform."""
