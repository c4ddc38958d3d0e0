"""The example answers of DALP's documentation of portfolio statistics, word for word as JSON."""

from typing import Any

SERIES_EXAMPLE: dict[str, Any] = {
    "data": {
        "range": {
            "interval": "hour",
            "from": "2026-03-24T13:00:00.000Z",
            "to": "2026-03-24T16:00:00.000Z",
            "isPreset": False,
        },
        "data": [
            {"timestamp": "2026-03-24T13:00:00.000Z", "totalValueInBaseCurrency": 1000},
            {"timestamp": "2026-03-24T14:00:00.000Z", "totalValueInBaseCurrency": 1200},
        ],
        "conversionReliable": True,
    },
    "links": {"self": "/v2/system/stats/portfolio-stat-ranges"},
}
BREAKDOWN_EXAMPLE: dict[str, Any] = {
    "data": {
        "totalValue": "5000000.00",
        "totalAssetTypes": 2,
        "totalAssetsHeld": 15,
        "typeBreakdown": [
            {"assetType": "bond", "totalValue": "3000000.00", "tokenBalancesCount": 5, "percentage": 60},
            {"assetType": "equity", "totalValue": "2000000.00", "tokenBalancesCount": 10, "percentage": 40},
        ],
        "valueBreakdown": {"bond": "3000000.00", "equity": "2000000.00"},
        "holdingsBreakdown": {"bond": 5, "equity": 10},
        "valueBreakdownByClass": {"fixed-income": "3000000.00", "flexible-income": "2000000.00"},
        "holdingsBreakdownByClass": {"fixed-income": 5, "flexible-income": 10},
        "conversionReliable": True,
    },
    "links": {"self": "/v2/system/stats/portfolio-breakdowns"},
}
