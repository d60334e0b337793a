"""The Java client 2.4, with which KIP-480 came: records without a key stick to a partition until a batch leaves."""

from lab.kafka.config.flavours.flavour import ONLY_ELSEWHERE, Flavour

SINCE_3_3 = ("partitioner.adaptive.partitioning.enable", "partitioner.ignore.keys")

JAVA_2_4 = Flavour(
    "java-2.4", "Java client 2.4", "2.4", lacks=(*ONLY_ELSEWHERE, *SINCE_3_3),
    own_names={"partitioner": "partitioner.class"},
)  # fmt: skip
