"""The Java client 3.9: no linger by default, and idempotence that gives way to too many requests in flight."""

from lab.kafka.config.flavours.flavour import Flavour

JAVA_3 = Flavour("java-3", "Java client 3.9", "3.9", own_names={"partitioner": "partitioner.class"})
