"""Settings of the sockets at which real clients arrive: what one of them, and all together, may take of a broker."""

from lab.kafka.config.definition import INT_MAX, Setting

LISTENERS = (
    Setting(
        "connections.max.idle.ms",
        600_000,
        "a real client's connection is closed after so long without a byte, or in the middle of a request",
        1,
    ),
    Setting("max.connections", INT_MAX, "real clients beyond so many connections wait until one is closed", 1),
    Setting("queued.max.request.bytes", -1, "no real client is read from while so much waits; -1: no limit", -1),
    Setting("queued.max.requests", 500, "no real client is read from while so many requests wait", 1, INT_MAX),
    # Apache Kafka has GSSAPI.
    Setting(
        "sasl.enabled.mechanisms",
        "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
        "how real clients may prove who they are, where they must",
    ),
    Setting(
        "socket.request.max.bytes",
        104_857_600,
        "a longer request closes a real client's connection before it is read",
        1,
        INT_MAX,
    ),
)
