"""All that is known about Kafka: encoding, publishing, the relay, consuming, dead letters, provisioning."""
