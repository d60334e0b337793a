"""The Java client 2.3, the last before KIP-480: records without a key go round all partitions, one each."""

from lab.kafka.config.flavours.flavour import ONLY_ELSEWHERE, Flavour
from lab.kafka.config.flavours.java_2_4 import SINCE_3_3

JAVA_2_3 = Flavour(
    "java-2.3", "Java client 2.3", "2.3", lacks=(*ONLY_ELSEWHERE, *SINCE_3_3),
    own_names={"partitioner": "partitioner.class"},
)  # fmt: skip
