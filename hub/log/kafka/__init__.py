"""The log on Kafka, over the connections of aiokafka."""
