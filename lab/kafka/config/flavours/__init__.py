"""Client flavours: which defaults and habits a simulated client has, one file a client.

The Java clients are the reference: their defaults come from the tables of settings, as they were in the release
(spec 6, 10.8). The others say where they differ (spec 6.9, 10.9).
"""

from lab.kafka.config.flavours.flavour import Flavour
from lab.kafka.config.flavours.java_2_3 import JAVA_2_3
from lab.kafka.config.flavours.java_2_4 import JAVA_2_4
from lab.kafka.config.flavours.java_3 import JAVA_3
from lab.kafka.config.flavours.java_4 import JAVA_4
from lab.kafka.config.flavours.kafka_python import KAFKA_PYTHON
from lab.kafka.config.flavours.librdkafka import LIBRDKAFKA

FLAVOURS: dict[str, Flavour] = {one.name: one for one in (JAVA_4, JAVA_3, JAVA_2_4, JAVA_2_3, LIBRDKAFKA, KAFKA_PYTHON)}
"""By name, the usual one first."""
DEFAULT_FLAVOUR = JAVA_4.name
