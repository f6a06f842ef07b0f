// Written by `python -m bridge.generate` from the declarations in bridge/actions; never edited.
package bridge.plugin.generated;

import bridge.plugin.core.Row;
import bridge.plugin.gds.ProjectionProcedures;
import java.util.Map;
import java.util.stream.Stream;
import org.neo4j.gds.core.utils.progress.TaskRegistryFactory;
import org.neo4j.procedure.Context;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Name;
import org.neo4j.procedure.Procedure;

/** CALL bridge.snapshot…: see docs/procedures/snapshot.md. */
public final class SnapshotProcedures extends ProjectionProcedures {
    /** Names GDS in this very class, so that Neo4j skips it, and starts, where GDS is absent. */
    @Context
    public TaskRegistryFactory taskRegistryFactory;

    @Override
    protected TaskRegistryFactory tasks() {
        return taskRegistryFactory;
    }

    @Procedure(name = "bridge.snapshot.stats", mode = Mode.READ)
    @Description("Fingerprint of a projection's content, read to the bridge server and opened in a trainer process.")
    public Stream<SnapshotRow> stats(
            @Name(value = "graphName", description = "The projection's name in GDS's graph catalog.") String graphName,
            @Name(value = "configuration", defaultValue = "{}", description = "The configuration.") Map<String, Object> configuration) {
        return row("bridge.snapshot.stats", arguments("graphName", graphName, "configuration", configuration), SnapshotRow::from);
    }

    /** A row. */
    public record SnapshotRow(
            @Description("sha256 of nodes, keys, relationships and properties in canonical order: equal data, equal fingerprint.") String fingerprint,
            @Description("Nodes read.") Long nodeCount,
            @Description("Relationships read, an undirected one twice.") Long relationshipCount,
            @Description("Size of the snapshot.") Long bytes,
            @Description("It was there already.") Boolean reused,
            @Description("Milliseconds from the call to the snapshot on disk.") Long readMillis,
            @Description("Milliseconds until a trainer process had its arrays open.") Long openMillis,
            @Description("The configuration that was in force.") Map<String, Object> configuration) {
        static SnapshotRow from(Row row) {
            return new SnapshotRow(
                    row.string("fingerprint"),
                    row.integer("nodeCount"),
                    row.integer("relationshipCount"),
                    row.integer("bytes"),
                    row.bool("reused"),
                    row.integer("readMillis"),
                    row.integer("openMillis"),
                    row.map("configuration"));
        }
    }
}
