// Written by `python -m bridge.generate` from the declarations in bridge/actions; never edited.
package bridge.plugin.generated;

import bridge.plugin.core.Procedures;
import bridge.plugin.core.Row;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Procedure;

/** CALL bridge.health…: see docs/procedures/health.md. */
public final class HealthProcedures extends Procedures {
    @Procedure(name = "bridge.health", mode = Mode.READ)
    @Description("Whether the bridge server answers, and which models it holds for this database.")
    public Stream<HealthRow> health() {
        return health("bridge.health", arguments(), HealthRow::from);
    }

    /** A row. */
    public record HealthRow(
            @Description("SERVING; or UNREACHABLE, which the plugin says when no server answers.") String status,
            @Description("Why it is not serving, or which models have damaged versions; empty when all is well.") String detail,
            @Description("Where the plugin looks for the server.") String address,
            @Description("Version of the bridge server.") String serverVersion,
            @Description("Version of the plugin.") String pluginVersion,
            @Description("Hash of the procedure declarations that both share.") String contract,
            @Description("For each model of this database: modelName, the modelVersion that answers, and the error that keeps its `champion` or `previous` version from it; empty when both are sound.") List<Map<String, Object>> models) {
        static HealthRow from(Row row) {
            return new HealthRow(
                    row.string("status"),
                    row.string("detail"),
                    row.string("address"),
                    row.string("serverVersion"),
                    row.string("pluginVersion"),
                    row.string("contract"),
                    row.list("models"));
        }
    }
}
