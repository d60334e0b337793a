"""Examples: how five clients connect to the cluster, ready to be copied and run."""

from dataclasses import dataclass

BOOTSTRAP, TOPIC = "@BOOTSTRAP@", "@TOPIC@"


@dataclass(frozen=True, slots=True)
class Example:
    """A client: what has to be there, and a text that runs. `language`: for the tooltip of its button."""

    name: str
    language: str
    install: str
    text: str

    def filled(self, bootstrap: str, topic: str) -> str:
        """With the right ports and a topic that there is."""
        return self.text.replace(BOOTSTRAP, bootstrap).replace(TOPIC, topic)


EXAMPLES = (
    Example(
        "kcat", "shell", "apt install kcat  ·  brew install kcat",
        """\
# Ten records, each with a key; then all of them back, as a member of a group.
for n in $(seq 1 10); do echo "k$n:hello $n"; done |
  kcat -b @BOOTSTRAP@ -P -t @TOPIC@ -K: -X client.id=my-kcat

kcat -b @BOOTSTRAP@ -X client.id=my-reader -X auto.offset.reset=earliest \\
  -G my-group @TOPIC@
""",
    ),
    Example(
        "confluent-kafka", "Python", "pip install confluent-kafka",
        """\
from confluent_kafka import Consumer, Producer

SERVERS = "@BOOTSTRAP@"

producer = Producer({"bootstrap.servers": SERVERS, "client.id": "my-producer", "acks": "all"})
for n in range(10):
    producer.produce("@TOPIC@", key=f"k{n}", value=f"hello {n}")
producer.flush()

consumer = Consumer({
    "bootstrap.servers": SERVERS, "client.id": "my-reader", "group.id": "my-group",
    "auto.offset.reset": "earliest",
})
consumer.subscribe(["@TOPIC@"])
for _ in range(10):
    while (message := consumer.poll(1.0)) is None or message.error():
        pass
    print(message.partition(), message.offset(), message.value().decode())
consumer.close()
""",
    ),
    Example(
        "kafka-python", "Python", "pip install kafka-python",
        """\
from kafka import KafkaConsumer, KafkaProducer

SERVERS = "@BOOTSTRAP@".split(",")

producer = KafkaProducer(bootstrap_servers=SERVERS, client_id="my-producer", acks="all")
for n in range(10):
    producer.send("@TOPIC@", key=f"k{n}".encode(), value=f"hello {n}".encode())
producer.flush()
producer.close()

consumer = KafkaConsumer(
    "@TOPIC@", bootstrap_servers=SERVERS, client_id="my-reader", group_id="my-group",
    auto_offset_reset="earliest",
)
for _ in range(10):
    message = next(consumer)
    print(message.partition, message.offset, message.value.decode())
consumer.close()
""",
    ),
    Example(
        "KafkaJS", "JavaScript", "npm install kafkajs",
        """\
const { Kafka } = require("kafkajs");

const kafka = new Kafka({ clientId: "my-app", brokers: "@BOOTSTRAP@".split(",") });

async function main() {
  const producer = kafka.producer();
  await producer.connect();
  const messages = Array.from({ length: 10 }, (_, n) => ({ key: `k${n}`, value: `hello ${n}` }));
  await producer.send({ topic: "@TOPIC@", acks: -1, messages });
  await producer.disconnect();

  const consumer = kafka.consumer({ groupId: "my-group" });
  await consumer.connect();
  await consumer.subscribe({ topics: ["@TOPIC@"], fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ partition, message }) =>
      console.log(partition, message.offset, message.value.toString()),
  });
}

main();
""",
    ),
    Example(
        "Java", "Java", "org.apache.kafka:kafka-clients",
        """\
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public class MyApp {
  static final String SERVERS = "@BOOTSTRAP@";

  public static void main(String[] arguments) {
    Map<String, Object> writing = Map.of("bootstrap.servers", SERVERS, "client.id", "my-producer", "acks", "all");
    try (var producer = new KafkaProducer<>(writing, new StringSerializer(), new StringSerializer())) {
      for (int n = 0; n < 10; n++) {
        producer.send(new ProducerRecord<>("@TOPIC@", "k" + n, "hello " + n));
      }
    }
    Map<String, Object> reading = Map.of("bootstrap.servers", SERVERS, "client.id", "my-reader",
        "group.id", "my-group", "auto.offset.reset", "earliest");
    try (var consumer = new KafkaConsumer<>(reading, new StringDeserializer(), new StringDeserializer())) {
      consumer.subscribe(List.of("@TOPIC@"));
      for (int seen = 0; seen < 10; ) {
        for (var record : consumer.poll(Duration.ofSeconds(1))) {
          System.out.println(record.partition() + " " + record.offset() + " " + record.value());
          seen++;
        }
      }
    }
  }
}
""",
    ),
)  # fmt: skip
