"""The example answers of OKX's documentation, word for word as JSON."""

from typing import Any

CLUSTERS_EXAMPLE: dict[str, Any] = {
    "code": "0",
    "data": [
        {
            "clustList": [
                {
                    "holdingAmount": "320000000.00",
                    "holdingValueUsd": "320145600.00",
                    "holdingPercent": "6.52",
                    "trendType": {"trendType": "buy"},
                    "averageHoldingPeriod": "62",
                    "pnlUsd": "45230.12",
                    "pnlPercent": "14.15",
                    "buyVolume": "980000.00",
                    "averageBuyPriceUsd": "0.9982",
                    "sellVolume": "210000.00",
                    "averageSellPriceUsd": "1.0015",
                    "lastActiveTimestamp": "1697630501000",
                    "clusterAddressList": [
                        {
                            "address": "0x28c6c06298d514db089934071355e5743bf21d60",
                            "holdingAmount": "180000000.00",
                            "holdingValueUsd": "180082800.00",
                            "holdingPercent": "3.67",
                            "averageHoldingPeriod": "75",
                            "lastActiveTimestamp": "1697630501000",
                            "isContract": False,
                            "isExchange": True,
                            "isKol": False,
                            "addressRank": "1",
                        }
                    ],
                }
            ]
        }
    ],
    "msg": "",
}
OLDER_OVERVIEW_EXAMPLE: dict[str, Any] = {
    "code": "0",
    "data": [
        {
            "ClusterConcentration": "HIGH",
            "top100HoldingsPercent": "42.35",
            "rugPullPercent": "12.50",
            "holderNewAddressPercent": "8.20",
            "holderSameFundSourcePercent": "15.60",
            "holderSameCreationTimePercent": "6.80",
        }
    ],
    "msg": "",
}
OVERVIEW_EXAMPLE: dict[str, Any] = {
    "code": 0,
    "msg": "success",
    "error_code": "0",
    "error_message": "",
    "detailMsg": "",
    "data": {
        "clusterConcentration": "Low",
        "top100HoldingsPercent": "0.68776",
        "rugPullPercent": "1.00000",
        "holderNewAddressPercent": "--",
        "holderSameFundSourcePercent": "0.47800",
        "holderSameCreationTimePercent": "0.09000",
    },
}
HOLDINGS_EXAMPLE: dict[str, Any] = {
    "code": 0,
    "msg": "",
    "error_code": "0",
    "error_message": "",
    "detailMsg": "",
    "data": {
        "walletIdPlatformList": [
            {
                "platformList": [
                    {
                        "platformName": "Ethena",
                        "analysisPlatformId": 118265,
                        "platformLogo": "https://static.example/ethena.png",
                        "platformColor": "",
                        "currencyAmount": "10076.999426431322729394061370751783986",
                        "isSupportInvest": True,
                        "bonusTag": 0,
                        "platformUrl": "https://app.ethena.fi",
                        "networkBalanceVoList": [
                            {
                                "network": "ETH",
                                "networkLogo": "https://static.example/eth.png",
                                "chainId": 1,
                                "currencyAmount": "10076.999426431322729394061370751783986",
                            }
                        ],
                        "investmentCount": 1,
                    }
                ],
                "walletId": "8f3cf7ad",
                "totalAssets": "10076.999426431322729394061370751783986",
            }
        ],
        "lpTokenAddressList": [{"chainId": 1, "tokenAddress": "0x9d39a5de30e57443bff2a8307a4256c8797a3497"}],
        "updateAt": 1700000000000,
        "assetStatus": 1,
    },
}
"""The list of DeFi holdings, v5: the documentation's table and example together."""
