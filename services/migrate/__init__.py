"""The one step that declares: NATS streams, consumers and buckets, and the warehouse's tables and views."""
