// Apache Kafka's own client, told by its command line what to do; started from its source (`java -cp JARS Driver.java`).

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.*;

class Driver {
    /** What follows the command are settings of this driver, then "--", then those of the client, as key=value. */
    public static void main(String[] arguments) throws Exception {
        Map<String, String> own = new HashMap<>();
        Properties settings = new Properties();
        boolean ofClient = false;
        for (String one : Arrays.asList(arguments).subList(1, arguments.length)) {
            if (one.equals("--")) { ofClient = true; continue; }
            String[] pair = one.split("=", 2);
            if (ofClient) settings.put(pair[0], pair[1]); else own.put(pair[0], pair[1]);
        }
        switch (arguments[0]) {
            case "topics" -> topics(settings);
            case "create" -> create(settings, own);
            case "delete" -> delete(settings, own);
            case "write" -> write(settings, own);
            case "read" -> read(settings, own);
            default -> throw new IllegalArgumentException("no command of this driver: " + arguments[0]);
        }
    }

    static void topics(Properties settings) throws Exception {
        try (Admin admin = Admin.create(settings)) {
            var names = admin.listTopics().names().get();
            for (var one : admin.describeTopics(names).allTopicNames().get().values())
                System.out.println(one.name() + "=" + one.partitions().size());
        }
    }

    static void create(Properties settings, Map<String, String> own) throws Exception {
        try (Admin admin = Admin.create(settings)) {
            var topic = new NewTopic(own.get("topic"), Integer.parseInt(own.get("partitions")), (short) 3);
            admin.createTopics(List.of(topic)).all().get();
        }
    }

    static void delete(Properties settings, Map<String, String> own) throws Exception {
        try (Admin admin = Admin.create(settings)) {
            admin.deleteTopics(List.of(own.get("topic"))).all().get();
        }
    }

    /** The values are the lines of standard input. */
    static void write(Properties settings, Map<String, String> own) throws Exception {
        boolean transactional = settings.containsKey("transactional.id");
        long pauseMs = Long.parseLong(own.get("pause_ms"));
        try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            if (transactional) {
                producer.initTransactions();
                producer.beginTransaction();
            }
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            var lines = new Scanner(System.in, StandardCharsets.UTF_8);
            while (lines.hasNextLine()) {
                Integer partition = pauseMs > 0 ? null : 0;
                sent.add(producer.send(new ProducerRecord<>(own.get("topic"), partition, null, lines.nextLine())));
                Thread.sleep(pauseMs);
            }
            producer.flush();
            for (var one : sent) one.get();
            if (transactional && own.get("abort").equals("true")) producer.abortTransaction();
            else if (transactional) producer.commitTransaction();
        }
    }

    static void read(Properties settings, Map<String, String> own) throws Exception {
        String topic = own.get("topic");
        int count = Integer.parseInt(own.get("count")), found = 0;
        long pauseMs = Long.parseLong(own.get("pause_ms"));
        long deadline = System.nanoTime() + Long.parseLong(own.get("patience_ms")) * 1_000_000;
        try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            if (settings.containsKey("group.id")) consumer.subscribe(List.of(topic));
            else {
                var partition = new TopicPartition(topic, 0);
                consumer.assign(List.of(partition));
                consumer.seek(partition, Long.parseLong(own.get("offset")));
            }
            while (found < count && System.nanoTime() < deadline)
                for (var one : consumer.poll(Duration.ofMillis(100))) {
                    System.out.println(one.value());
                    found++;
                    Thread.sleep(pauseMs);
                }
        }
    }
}
