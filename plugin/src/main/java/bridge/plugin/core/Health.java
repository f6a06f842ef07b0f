package bridge.plugin.core;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** The row of `bridge.health`, also when there is no server to ask. */
final class Health {
    /** How long a server may take that has nothing to do but to answer. */
    static final Duration PATIENCE = Duration.ofSeconds(5);

    private final Server server;
    private final String contract;

    Health(Server server, String contract) {
        this.server = server;
        this.contract = contract;
    }

    /** The server's row with the address, which the plugin knows better; without a server, why there is none. */
    Row row(Supplier<Row> ask) {
        try {
            String address = server.settings().address();
            Row row = ask.get();
            return column -> column.equals("address") ? address : row.any(column);
        } catch (BridgeException failure) {
            return without(failure.getMessage());
        }
    }

    private Row without(String why) {
        Map<String, Object> row = Map.of(
                "status",
                "UNREACHABLE",
                "detail",
                why,
                "address",
                address(),
                "pluginVersion",
                Server.pluginVersion(),
                "contract",
                contract,
                "models",
                List.of());
        return row::get;
    }

    private String address() {
        try {
            return server.settings().address();
        } catch (BridgeException misconfigured) {
            return "";
        }
    }
}
