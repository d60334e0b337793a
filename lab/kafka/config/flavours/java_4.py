"""The Java client 4.0: the reference. All its defaults stand in the tables of settings (spec 10.8)."""

from lab.kafka.config.flavours.flavour import Flavour

JAVA_4 = Flavour("java-4", "Java client 4.0", "4.0", own_names={"partitioner": "partitioner.class"},
                 refuses_many_in_flight=True)  # fmt: skip
