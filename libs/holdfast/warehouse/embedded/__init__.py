"""The ClickHouse engine in this process (chDB), spoken to over ClickHouse's own HTTP interface."""
