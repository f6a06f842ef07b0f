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

/** CALL bridge.cooccurrence…: see docs/procedures/cooccurrence.md. */
public final class CooccurrenceProcedures extends ProjectionProcedures {
    /** Names GDS in this very class, so that Neo4j skips it, and starts, where GDS is absent. */
    @Context
    public TaskRegistryFactory taskRegistryFactory;

    @Override
    protected TaskRegistryFactory tasks() {
        return taskRegistryFactory;
    }

    @Procedure(name = "bridge.cooccurrence.stats", mode = Mode.READ)
    @Description("Pairs of targets that the same sources like, weighed against how often each is liked at all.")
    public Stream<CooccurrenceStatsRow> stats(
            @Name(value = "graphName", description = "The projection's name in GDS's graph catalog.") String graphName,
            @Name(value = "configuration", defaultValue = "{}", description = "The configuration.") Map<String, Object> configuration) {
        return row("bridge.cooccurrence.stats", arguments("graphName", graphName, "configuration", configuration), CooccurrenceStatsRow::from);
    }

    @Procedure(name = "bridge.cooccurrence.stream", mode = Mode.READ)
    @Description("Pairs of targets that the same sources like, weighed against how often each is liked at all.")
    public Stream<CooccurrenceRow> stream(
            @Name(value = "graphName", description = "The projection's name in GDS's graph catalog.") String graphName,
            @Name(value = "configuration", defaultValue = "{}", description = "The configuration.") Map<String, Object> configuration) {
        return rows("bridge.cooccurrence.stream", arguments("graphName", graphName, "configuration", configuration), CooccurrenceRow::from);
    }

    @Procedure(name = "bridge.cooccurrence.mutate", mode = Mode.READ)
    @Description("Pairs of targets that the same sources like, added to the projection as undirected relationships.")
    public Stream<CooccurrenceMutateRow> mutate(
            @Name(value = "graphName", description = "The projection's name in GDS's graph catalog.") String graphName,
            @Name(value = "configuration", defaultValue = "{}", description = "The configuration.") Map<String, Object> configuration) {
        return row("bridge.cooccurrence.mutate", arguments("graphName", graphName, "configuration", configuration), CooccurrenceMutateRow::from);
    }

    /** A row. */
    public record CooccurrenceStatsRow(
            @Description("Milliseconds for reading.") Long preProcessingMillis,
            @Description("Milliseconds for counting.") Long computeMillis,
            @Description("Source nodes that like something.") Long sourceCount,
            @Description("Target nodes that some source likes.") Long likedCount,
            @Description("Target nodes that are in a kept pair.") Long nodeCount,
            @Description("Pairs that some source likes both of, before anything was cut.") Long pairCount,
            @Description("Pairs cut by `minWeight` or `minCount`.") Long pairsBelowThreshold,
            @Description("Pairs cut by `topK`.") Long pairsBeyondTopK,
            @Description("Pairs that are left.") Long pairsKept,
            @Description("The configuration that was in force, with the threshold that was chosen.") Map<String, Object> configuration) {
        static CooccurrenceStatsRow from(Row row) {
            return new CooccurrenceStatsRow(
                    row.integer("preProcessingMillis"),
                    row.integer("computeMillis"),
                    row.integer("sourceCount"),
                    row.integer("likedCount"),
                    row.integer("nodeCount"),
                    row.integer("pairCount"),
                    row.integer("pairsBelowThreshold"),
                    row.integer("pairsBeyondTopK"),
                    row.integer("pairsKept"),
                    row.map("configuration"));
        }
    }

    /** A row. */
    public record CooccurrenceRow(
            @Description("Neo4j's id of one node.") Long sourceNodeId,
            @Description("Neo4j's id of the other.") Long targetNodeId,
            @Description("The measure.") Double weight,
            @Description("Sources that like both.") Long count) {
        static CooccurrenceRow from(Row row) {
            return new CooccurrenceRow(
                    row.integer("sourceNodeId"),
                    row.integer("targetNodeId"),
                    row.number("weight"),
                    row.integer("count"));
        }
    }

    /** A row. */
    public record CooccurrenceMutateRow(
            @Description("Milliseconds for reading.") Long preProcessingMillis,
            @Description("Milliseconds for counting.") Long computeMillis,
            @Description("Source nodes that like something.") Long sourceCount,
            @Description("Target nodes that some source likes.") Long likedCount,
            @Description("Target nodes that are in a kept pair.") Long nodeCount,
            @Description("Pairs that some source likes both of, before anything was cut.") Long pairCount,
            @Description("Pairs cut by `minWeight` or `minCount`.") Long pairsBelowThreshold,
            @Description("Pairs cut by `topK`.") Long pairsBeyondTopK,
            @Description("Pairs that are left.") Long pairsKept,
            @Description("The configuration that was in force, with the threshold that was chosen.") Map<String, Object> configuration,
            @Description("Milliseconds for adding the relationships.") Long mutateMillis,
            @Description("Relationships added, counted as GDS counts them: an undirected one twice.") Long relationshipsWritten) {
        static CooccurrenceMutateRow from(Row row) {
            return new CooccurrenceMutateRow(
                    row.integer("preProcessingMillis"),
                    row.integer("computeMillis"),
                    row.integer("sourceCount"),
                    row.integer("likedCount"),
                    row.integer("nodeCount"),
                    row.integer("pairCount"),
                    row.integer("pairsBelowThreshold"),
                    row.integer("pairsBeyondTopK"),
                    row.integer("pairsKept"),
                    row.map("configuration"),
                    row.integer("mutateMillis"),
                    row.integer("relationshipsWritten"));
        }
    }
}
