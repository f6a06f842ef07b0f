package bridge.plugin.core;

import bridge.plugin.v1.Caller;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Properties;
import java.util.function.Supplier;
import org.neo4j.procedure.TerminationGuard;

/** The bridge server as the procedures see it. Neo4j injects this object; making it does no I/O. */
public final class Server implements AutoCloseable {
    private final Supplier<Settings> read;
    private final Caller plugin;
    private final Failures failures;
    private Settings settings;
    private Channel channel;

    /**
     * @param read reads the settings; asked again until it succeeds, so that a mistake in the file can be mended
     * @param plugin what the plugin knows of itself and the database system
     * @param failures what becomes of failures
     */
    public Server(Supplier<Settings> read, Caller plugin, Failures failures) {
        this.read = read;
        this.plugin = plugin;
        this.failures = failures;
    }

    synchronized Settings settings() {
        if (settings == null) {
            settings = read.get();
        }
        return settings;
    }

    ManagedChannel connected(TerminationGuard guard) {
        Channel opened;
        synchronized (this) {
            if (channel == null) {
                channel = new Channel(settings());
            }
            opened = channel;
        }
        return opened.connected(guard);
    }

    /** The start of every call's caller; user and database are still to be set. */
    Caller.Builder plugin() {
        return plugin.toBuilder();
    }

    Failures failures() {
        return failures;
    }

    static String pluginVersion() {
        try (var file = Server.class.getResourceAsStream("plugin.properties")) {
            var properties = new Properties();
            properties.load(file);
            return properties.getProperty("version");
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    @Override
    public synchronized void close() {
        if (channel != null) {
            channel.close();
        }
    }
}
