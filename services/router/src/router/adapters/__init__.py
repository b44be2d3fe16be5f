"""What fulfils the ports: Mongo, Kafka, the district pack, models, passwords."""
