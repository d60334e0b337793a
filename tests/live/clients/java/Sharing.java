// Apache Kafka's own share consumer and administrator, told line by line what to do (`java -cp JARS Sharing.java`).

import java.io.*;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;

/** What is said is one line: a word and what it wants. What is answered are lines, then one that says "." if it went
 *  well, or "! EXCEPTION" if it did not. */
class Sharing {
    static Map<Long, ConsumerRecord<String, String>> held = new LinkedHashMap<>();

    /** The first argument is a topic to share, or nothing for an administrator; the others are the client's settings,
     *  as key=value. */
    public static void main(String[] arguments) throws Exception {
        String topic = arguments[0];
        Properties settings = new Properties();
        for (String one : Arrays.asList(arguments).subList(1, arguments.length)) {
            String[] pair = one.split("=", 2);
            settings.put(pair[0], pair[1]);
        }
        var said = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        if (topic.isEmpty()) {
            try (Admin admin = Admin.create(settings)) {
                converse(said, words -> administrate(admin, words));
            }
            return;
        }
        var text = new StringDeserializer();
        try (var consumer = new KafkaShareConsumer<>(settings, text, text)) {
            consumer.setAcknowledgementCommitCallback((offsets, wrong) -> {
                if (wrong != null) System.out.println("uncommitted " + offsets + " " + wrong);
            });
            consumer.subscribe(List.of(topic));
            converse(said, words -> consume(consumer, words));
        }
    }

    interface Command { void run(String[] words) throws Exception; }

    static void converse(BufferedReader said, Command command) throws IOException {
        String line;
        while ((line = said.readLine()) != null) {
            try {
                command.run(line.split(" "));
                System.out.println(".");
            } catch (Exception wrong) {
                Throwable cause = wrong.getCause() == null ? wrong : wrong.getCause();
                System.out.println("! " + cause.getClass().getSimpleName() + ": " + cause.getMessage());
            }
            System.out.flush();
        }
    }

    static void consume(KafkaShareConsumer<String, String> consumer, String[] words) {
        switch (words[0]) {
            case "poll" -> {
                for (var one : consumer.poll(Duration.ofMillis(Long.parseLong(words[1])))) {
                    held.put(one.offset(), one);
                    System.out.println(one.offset() + " " + one.deliveryCount().get() + " " + one.value());
                }
            }
            case "acknowledge" ->
                consumer.acknowledge(held.get(Long.parseLong(words[1])), AcknowledgeType.valueOf(words[2]));
            case "commit" -> {
                for (var one : consumer.commitSync().entrySet())
                    if (one.getValue().isPresent()) throw one.getValue().get();
            }
            default -> throw new IllegalArgumentException("no command of a consumer: " + words[0]);
        }
    }

    static void administrate(Admin admin, String[] words) throws Exception {
        switch (words[0]) {
            case "configure" -> {
                var group = new ConfigResource(ConfigResource.Type.GROUP, words[1]);
                var change = new AlterConfigOp(new ConfigEntry(words[2], words[3]), AlterConfigOp.OpType.SET);
                admin.incrementalAlterConfigs(Map.of(group, List.of(change))).all().get();
            }
            case "groups" -> {
                for (var one : admin.listGroups(new ListGroupsOptions().withTypes(Set.of(GroupType.SHARE))).all().get())
                    System.out.println(one.groupId() + " " + one.type().get() + " " + one.protocol() + " " + one.groupState().get());
            }
            case "describe" -> {
                var group = admin.describeShareGroups(List.of(words[1])).all().get().get(words[1]);
                System.out.println(group.groupState());
                for (var one : group.members())
                    System.out.println(one.clientId() + " " + one.host() + " " + one.assignment().topicPartitions());
            }
            case "delete" -> admin.deleteShareGroups(List.of(words[1])).all().get();
            case "offsets" -> {
                var asked = Map.of(words[1], new ListShareGroupOffsetsSpec());
                // As text: what it is has another class in each release.
                for (var one : admin.listShareGroupOffsets(asked).all().get().get(words[1]).entrySet())
                    System.out.println(one.getKey() + " " + one.getValue());
            }
            case "alter" -> {
                var partition = new TopicPartition(words[2], 0);
                admin.alterShareGroupOffsets(words[1], Map.of(partition, Long.parseLong(words[3]))).all().get();
            }
            case "forget" -> admin.deleteShareGroupOffsets(words[1], Set.of(words[2])).all().get();
            default -> throw new IllegalArgumentException("no command of an administrator: " + words[0]);
        }
    }
}
