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

/** CALL bridge.recommend…: see docs/procedures/recommend.md. */
public final class RecommendProcedures extends ProjectionProcedures {
    /** Names GDS in this very class, so that Neo4j skips it, and starts, where GDS is absent. */
    @Context
    public TaskRegistryFactory taskRegistryFactory;

    @Override
    protected TaskRegistryFactory tasks() {
        return taskRegistryFactory;
    }

    @Procedure(name = "bridge.recommend.stream", mode = Mode.READ)
    @Description("Top-K targets for each source node, from a hosted model.")
    public Stream<RecommendRow> stream(
            @Name(value = "graphName", description = "The projection's name in GDS's graph catalog.") String graphName,
            @Name(value = "configuration", defaultValue = "{}", description = "The configuration.") Map<String, Object> configuration) {
        return rows("bridge.recommend.stream", arguments("graphName", graphName, "configuration", configuration), RecommendRow::from);
    }

    @Procedure(name = "bridge.recommend.write", mode = Mode.WRITE)
    @Description("Top-K targets for each source node, from a hosted model.")
    public Stream<RecommendWriteRow> write(
            @Name(value = "graphName", description = "The projection's name in GDS's graph catalog.") String graphName,
            @Name(value = "configuration", defaultValue = "{}", description = "The configuration.") Map<String, Object> configuration) {
        return row("bridge.recommend.write", arguments("graphName", graphName, "configuration", configuration), RecommendWriteRow::from);
    }

    /** A row. */
    public record RecommendRow(
            @Description("Neo4j's id of the source node.") Long sourceNodeId,
            @Description("Neo4j's id of the recommended node.") Long targetNodeId,
            @Description("The model's score; comparable within one source.") Double score,
            @Description("1 for the best.") Long rank,
            @Description("The version that answered.") Long modelVersion,
            @Description("The model knows too little of the source: the score is popularity.") Boolean fallback) {
        static RecommendRow from(Row row) {
            return new RecommendRow(
                    row.integer("sourceNodeId"),
                    row.integer("targetNodeId"),
                    row.number("score"),
                    row.integer("rank"),
                    row.integer("modelVersion"),
                    row.bool("fallback"));
        }
    }

    /** A row. */
    public record RecommendWriteRow(
            @Description("Relationships made.") Long relationshipsWritten,
            @Description("Old relationships of this model that were deleted.") Long relationshipsDeleted,
            @Description("Relationships that were there already, the same in everything.") Long relationshipsUnchanged,
            @Description("Source nodes that got no recommendation.") Long sourcesWithout,
            @Description("Milliseconds for writing.") Long writeMillis,
            @Description("The configuration that was in force.") Map<String, Object> configuration) {
        static RecommendWriteRow from(Row row) {
            return new RecommendWriteRow(
                    row.integer("relationshipsWritten"),
                    row.integer("relationshipsDeleted"),
                    row.integer("relationshipsUnchanged"),
                    row.integer("sourcesWithout"),
                    row.integer("writeMillis"),
                    row.map("configuration"));
        }
    }
}
