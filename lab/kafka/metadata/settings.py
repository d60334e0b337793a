"""Settings of brokers as the metadata log has them: one broker's own over those of all (KIP-226)."""

from lab.kafka.metadata.image import MetadataImage

ALL = ""


def dynamic_settings(image: MetadataImage, broker_id: int) -> dict[str, str]:
    """What is set while a broker runs, on top of its `server.properties`."""
    return {**cluster_settings(image), **own_settings(image, broker_id)}


def cluster_settings(image: MetadataImage) -> dict[str, str]:
    """What is set for all brokers."""
    return image.broker_config.get(ALL, {})


def own_settings(image: MetadataImage, broker_id: int) -> dict[str, str]:
    """What is set for one broker."""
    return image.broker_config.get(str(broker_id), {})
