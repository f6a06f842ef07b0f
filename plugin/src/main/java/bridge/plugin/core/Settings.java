package bridge.plugin.core;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;

/**
 * How the plugin reaches the bridge server: {@code conf/bridge.conf}, over which the environment goes ({@code
 * BRIDGE_ADDRESS} for {@code address}, and so on). Never anything from a CALL.
 *
 * @param token sent with every call; empty sends none
 * @param connectTimeout how long a call waits for a connection
 * @param heartbeatTimeout how long a running call may hear nothing from the server
 * @param maxMessageBytes the largest message that is taken from the server
 * @param tlsCaFile the certificates to trust; empty trusts Java's own
 */
public record Settings(
        String host,
        int port,
        String token,
        Duration connectTimeout,
        Duration heartbeatTimeout,
        int maxMessageBytes,
        boolean tls,
        Optional<Path> tlsCaFile) {

    static final String DEFAULT_ADDRESS = "127.0.0.1:7690";
    private static final int MIB = 1 << 20;
    private static final Set<String> KEYS = Set.of(
            "address",
            "token",
            "connect_timeout_seconds",
            "heartbeat_timeout_seconds",
            "max_message_mib",
            "tls",
            "tls_ca_file");

    /** The settings when nothing is set. */
    static Settings defaults() {
        return of(new Properties(), Map.of());
    }

    /**
     * Read the file, if there is one, and the environment.
     *
     * @throws BridgeException with what is wrong and what is allowed
     */
    static Settings read(Path file, Map<String, String> environment) {
        var lines = new Properties();
        if (Files.exists(file)) {
            try (Reader reader = Files.newBufferedReader(file)) {
                lines.load(reader);
            } catch (IOException | IllegalArgumentException unreadable) {
                throw BridgeException.configuration("conf/bridge.conf cannot be read: " + unreadable.getMessage());
            }
        }
        for (String key : lines.stringPropertyNames()) {
            if (!KEYS.contains(key)) {
                throw BridgeException.configuration("conf/bridge.conf has an unknown key `%s`. Its keys are %s."
                        .formatted(key, KEYS.stream().sorted().toList()));
            }
        }
        return of(lines, environment);
    }

    private static Settings of(Properties file, Map<String, String> environment) {
        var values = new Lookup(file, environment);
        String address = values.text("address", DEFAULT_ADDRESS);
        int colon = address.lastIndexOf(':');
        String host = colon < 1 ? "" : address.substring(0, colon).replaceAll("^\\[|]$", "");
        int port = colon < 1 ? 0 : number("address", address.substring(colon + 1), 1, 65_535);
        if (host.isEmpty()) {
            throw BridgeException.configuration("`address` must be HOST:PORT, but was `%s`.".formatted(address));
        }
        Optional<Path> authority = Optional.of(values.text("tls_ca_file", ""))
                .filter(path -> !path.isEmpty())
                .map(Path::of);
        return new Settings(
                host,
                port,
                values.text("token", ""),
                Duration.ofSeconds(values.number("connect_timeout_seconds", 5, 1, 600)),
                Duration.ofSeconds(values.number("heartbeat_timeout_seconds", 60, 1, 86_400)),
                values.number("max_message_mib", 64, 1, 1024) * MIB,
                authority.isPresent() || values.flag("tls"),
                authority);
    }

    /** {@code HOST:PORT} as people read it. */
    String address() {
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }

    /** Without the token. */
    @Override
    public String toString() {
        return address() + (tls ? " (TLS)" : "") + (token.isEmpty() ? "" : " with a token");
    }

    private static int number(String key, String text, int least, int most) {
        try {
            int value = Integer.parseInt(text);
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException notANumber) {
            // the sentence below says it
        }
        throw BridgeException.configuration(
                "`%s` must be a whole number from %d to %d, but was `%s`.".formatted(key, least, most, text));
    }

    private record Lookup(Properties file, Map<String, String> environment) {
        String text(String key, String otherwise) {
            String fromEnvironment = environment.get("BRIDGE_" + key.toUpperCase(Locale.ROOT));
            return (fromEnvironment != null ? fromEnvironment : file.getProperty(key, otherwise)).strip();
        }

        int number(String key, int otherwise, int least, int most) {
            return Settings.number(key, text(key, Integer.toString(otherwise)), least, most);
        }

        boolean flag(String key) {
            String text = text(key, "false");
            if (!Set.of("true", "false").contains(text)) {
                throw BridgeException.configuration("`%s` must be true or false, but was `%s`.".formatted(key, text));
            }
            return text.equals("true");
        }
    }
}
