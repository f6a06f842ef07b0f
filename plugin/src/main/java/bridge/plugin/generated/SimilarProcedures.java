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

/** CALL bridge.similar…: see docs/procedures/similar.md. */
public final class SimilarProcedures extends ProjectionProcedures {
    /** Names GDS in this very class, so that Neo4j skips it, and starts, where GDS is absent. */
    @Context
    public TaskRegistryFactory taskRegistryFactory;

    @Override
    protected TaskRegistryFactory tasks() {
        return taskRegistryFactory;
    }

    @Procedure(name = "bridge.similar.stream", mode = Mode.READ)
    @Description("Nearest nodes by a hosted model's embeddings: exact cosine similarity, for one node, several or all.")
    public Stream<SimilarRow> stream(
            @Name(value = "graphName", description = "The projection's name in GDS's graph catalog.") String graphName,
            @Name(value = "configuration", defaultValue = "{}", description = "The configuration.") Map<String, Object> configuration) {
        return rows("bridge.similar.stream", arguments("graphName", graphName, "configuration", configuration), SimilarRow::from);
    }

    /** A row. */
    public record SimilarRow(
            @Description("Neo4j's id of the node that was asked for.") Long sourceNodeId,
            @Description("Neo4j's id of the near node.") Long targetNodeId,
            @Description("Cosine of the two vectors, -1 to 1.") Double similarity,
            @Description("1 for the nearest.") Long rank,
            @Description("The version that answered.") Long modelVersion) {
        static SimilarRow from(Row row) {
            return new SimilarRow(
                    row.integer("sourceNodeId"),
                    row.integer("targetNodeId"),
                    row.number("similarity"),
                    row.integer("rank"),
                    row.integer("modelVersion"));
        }
    }
}
