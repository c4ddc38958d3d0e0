"""JetStream's conventions, once: connections, streams, publishing, failure policy, dead letters, batches, KV."""
