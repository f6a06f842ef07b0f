package bridge.plugin.core;

import static org.neo4j.configuration.GraphDatabaseSettings.memory_transaction_database_max_size;
import static org.neo4j.configuration.GraphDatabaseSettings.memory_transaction_global_max_size;
import static org.neo4j.configuration.GraphDatabaseSettings.memory_transaction_max_size;
import static org.neo4j.configuration.GraphDatabaseSettings.neo4j_home;

import bridge.plugin.gds.GdsVersion;
import bridge.plugin.v1.Caller;
import java.nio.file.Path;
import java.util.stream.LongStream;
import org.neo4j.configuration.Config;
import org.neo4j.kernel.api.procedure.GlobalProcedures;
import org.neo4j.kernel.extension.ExtensionFactory;
import org.neo4j.kernel.extension.ExtensionType;
import org.neo4j.kernel.extension.context.ExtensionContext;
import org.neo4j.kernel.internal.Version;
import org.neo4j.kernel.lifecycle.Lifecycle;
import org.neo4j.kernel.lifecycle.LifecycleAdapter;
import org.neo4j.logging.InternalLog;
import org.neo4j.logging.internal.LogService;

/** Where Neo4j starts the plugin: it makes {@link Server} injectable. It never fails, for that would stop Neo4j. */
public final class BridgeExtension extends ExtensionFactory<BridgeExtension.Dependencies> {
    /** What Neo4j hands in. */
    public interface Dependencies {
        GlobalProcedures globalProcedures();

        Config config();

        LogService logService();
    }

    public BridgeExtension() {
        super(ExtensionType.GLOBAL, "bridge");
    }

    // Components must be registered here: the procedures are scanned before extensions are started.
    @Override
    public Lifecycle newInstance(ExtensionContext context, Dependencies dependencies) {
        InternalLog log = dependencies.logService().getUserLog(BridgeExtension.class);
        Config config = dependencies.config();
        Path file = config.get(neo4j_home).resolve("conf").resolve("bridge.conf");
        var server = new Server(() -> Settings.read(file, System.getenv()), plugin(config), new Failures(log::error));
        dependencies.globalProcedures().registerComponent(Server.class, ignored -> server, true);
        try {
            log.info("bridge plugin %s, for the server at %s", Server.pluginVersion(), server.settings());
        } catch (BridgeException misconfigured) {
            log.warn(misconfigured.getMessage());
        }
        return new LifecycleAdapter() {
            @Override
            public void shutdown() {
                server.close();
            }
        };
    }

    private static Caller plugin(Config config) {
        return Caller.newBuilder()
                .setPluginVersion(Server.pluginVersion())
                .setNeo4JVersion(Version.getKernel().getReleaseVersion())
                .setGdsVersion(gdsVersion())
                .setTransactionMemoryBytes(transactionMemoryBytes(config))
                .build();
    }

    private static String gdsVersion() {
        try {
            return GdsVersion.current();
        } catch (LinkageError notInstalled) {
            return "";
        }
    }

    /** The smallest of Neo4j's limits that bear on one transaction; 0 when there is none. */
    private static long transactionMemoryBytes(Config config) {
        return LongStream.of(
                        config.get(memory_transaction_max_size),
                        config.get(memory_transaction_database_max_size),
                        config.get(memory_transaction_global_max_size))
                .filter(limit -> limit > 0)
                .min()
                .orElse(0);
    }
}
