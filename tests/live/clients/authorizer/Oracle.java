import java.io.*;
import java.net.InetAddress;
import java.util.*;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.acl.*;
import org.apache.kafka.common.resource.*;
import org.apache.kafka.common.security.auth.*;
import org.apache.kafka.common.utils.SecurityUtils;
import org.apache.kafka.metadata.authorizer.*;
import org.apache.kafka.server.authorizer.*;

/** Kafka's StandardAuthorizer, asked by lines: its rules, then questions, each answered by a line. */
public class Oracle {
    record Asker(KafkaPrincipal principal, InetAddress clientAddress) implements AuthorizableRequestContext {
        public String listenerName() { return "PLAINTEXT"; }
        public SecurityProtocol securityProtocol() { return SecurityProtocol.PLAINTEXT; }
        public int requestType() { return 0; }
        public int requestVersion() { return 0; }
        public String clientId() { return ""; }
        public int correlationId() { return 0; }
    }

    public static void main(String[] arguments) throws Exception {
        StandardAuthorizer authorizer = null;
        Map<Uuid, StandardAcl> acls = new HashMap<>();
        StringBuilder said = new StringBuilder();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] word = line.split(" ");
            switch (word[0]) {
                case "begin" -> {
                    authorizer = new StandardAuthorizer();
                    authorizer.configure(Map.of("super.users", word[1], "allow.everyone.if.no.acl.found", word[2]));
                    acls.clear();
                }
                case "acl" -> acls.put(Uuid.randomUuid(), StandardAcl.fromAclBinding(new AclBinding(
                    new ResourcePattern(ResourceType.valueOf(word[1]), word[2], PatternType.valueOf(word[3])),
                    new AccessControlEntry(word[4], word[5], AclOperation.valueOf(word[6]),
                        AclPermissionType.valueOf(word[7])))));
                case "end" -> {
                    authorizer.loadSnapshot(acls);
                    authorizer.completeInitialLoad();
                }
                default -> {
                    Asker asker = new Asker(SecurityUtils.parseKafkaPrincipal(word[1]), InetAddress.getByName(word[2]));
                    AclOperation operation = AclOperation.valueOf(word[3]);
                    ResourceType type = ResourceType.valueOf(word[4]);
                    AuthorizationResult found = word.length == 5
                        ? authorizer.authorizeByResourceType(asker, operation, type)
                        : authorizer.authorize(asker, List.of(new Action(operation,
                            new ResourcePattern(type, word[5], PatternType.LITERAL), 1, false, false))).get(0);
                    said.append(found == AuthorizationResult.ALLOWED ? "yes\n" : "no\n");
                }
            }
        }
        System.out.print(said);
    }
}
