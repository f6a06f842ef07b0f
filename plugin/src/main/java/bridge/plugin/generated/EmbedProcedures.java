// Written by `python -m bridge.generate` from the declarations in bridge/actions; never edited.
package bridge.plugin.generated;

import bridge.plugin.core.Row;
import bridge.plugin.gds.ProjectionProcedures;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.neo4j.gds.core.utils.progress.TaskRegistryFactory;
import org.neo4j.procedure.Context;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Name;
import org.neo4j.procedure.Procedure;

/** CALL bridge.embed…: see docs/procedures/embed.md. */
public final class EmbedProcedures extends ProjectionProcedures {
    /** Names GDS in this very class, so that Neo4j skips it, and starts, where GDS is absent. */
    @Context
    public TaskRegistryFactory taskRegistryFactory;

    @Override
    protected TaskRegistryFactory tasks() {
        return taskRegistryFactory;
    }

    @Procedure(name = "bridge.embed.stream", mode = Mode.READ)
    @Description("Embeddings of the projected nodes, from a hosted model of any family.")
    public Stream<EmbedRow> stream(
            @Name(value = "graphName", description = "The projection's name in GDS's graph catalog.") String graphName,
            @Name(value = "configuration", defaultValue = "{}", description = "The configuration.") Map<String, Object> configuration) {
        return rows("bridge.embed.stream", arguments("graphName", graphName, "configuration", configuration), EmbedRow::from);
    }

    @Procedure(name = "bridge.embed.stream.estimate", mode = Mode.READ)
    @Description("Estimate the memory that bridge.embed.stream takes.")
    public Stream<EstimateRow> streamEstimate(
            @Name(value = "graphNameOrConfiguration", description = "The projection's name in GDS's graph catalog; or a map with the `nodeCount` and `relationshipCount` of a graph that need not be there.") Object graphNameOrConfiguration,
            @Name(value = "algoConfiguration", description = "The configuration of the procedure.") Map<String, Object> algoConfiguration) {
        return row("bridge.embed.stream.estimate", arguments("graphNameOrConfiguration", graphNameOrConfiguration, "algoConfiguration", algoConfiguration), EstimateRow::from);
    }

    @Procedure(name = "bridge.embed.mutate", mode = Mode.READ)
    @Description("Embeddings of the projected nodes, from a hosted model of any family, added to the projection.")
    public Stream<EmbedMutateRow> mutate(
            @Name(value = "graphName", description = "The projection's name in GDS's graph catalog.") String graphName,
            @Name(value = "configuration", defaultValue = "{}", description = "The configuration.") Map<String, Object> configuration) {
        return row("bridge.embed.mutate", arguments("graphName", graphName, "configuration", configuration), EmbedMutateRow::from);
    }

    @Procedure(name = "bridge.embed.mutate.estimate", mode = Mode.READ)
    @Description("Estimate the memory that bridge.embed.mutate takes.")
    public Stream<EstimateRow> mutateEstimate(
            @Name(value = "graphNameOrConfiguration", description = "The projection's name in GDS's graph catalog; or a map with the `nodeCount` and `relationshipCount` of a graph that need not be there.") Object graphNameOrConfiguration,
            @Name(value = "algoConfiguration", description = "The configuration of the procedure.") Map<String, Object> algoConfiguration) {
        return row("bridge.embed.mutate.estimate", arguments("graphNameOrConfiguration", graphNameOrConfiguration, "algoConfiguration", algoConfiguration), EstimateRow::from);
    }

    @Procedure(name = "bridge.embed.write", mode = Mode.WRITE)
    @Description("Embeddings of the projected nodes, from a hosted model of any family, written to the database.")
    public Stream<EmbedWriteRow> write(
            @Name(value = "graphName", description = "The projection's name in GDS's graph catalog.") String graphName,
            @Name(value = "configuration", defaultValue = "{}", description = "The configuration.") Map<String, Object> configuration) {
        return row("bridge.embed.write", arguments("graphName", graphName, "configuration", configuration), EmbedWriteRow::from);
    }

    @Procedure(name = "bridge.embed.write.estimate", mode = Mode.READ)
    @Description("Estimate the memory that bridge.embed.write takes.")
    public Stream<EstimateRow> writeEstimate(
            @Name(value = "graphNameOrConfiguration", description = "The projection's name in GDS's graph catalog; or a map with the `nodeCount` and `relationshipCount` of a graph that need not be there.") Object graphNameOrConfiguration,
            @Name(value = "algoConfiguration", description = "The configuration of the procedure.") Map<String, Object> algoConfiguration) {
        return row("bridge.embed.write.estimate", arguments("graphNameOrConfiguration", graphNameOrConfiguration, "algoConfiguration", algoConfiguration), EstimateRow::from);
    }

    /** A row. */
    public record EmbedRow(
            @Description("Neo4j's id of the node.") Long nodeId,
            @Description("The vector.") List<Double> embedding,
            @Description("The version that answered.") Long modelVersion) {
        static EmbedRow from(Row row) {
            return new EmbedRow(
                    row.integer("nodeId"),
                    row.numbers("embedding"),
                    row.integer("modelVersion"));
        }
    }

    /** A row. */
    public record EstimateRow(
            @Description("The range, for people.") String requiredMemory,
            @Description("The parts that it is made of, for people.") String treeView,
            @Description("The same as a map.") Map<String, Object> mapView,
            @Description("The least it takes, in bytes.") Long bytesMin,
            @Description("The most it takes, in bytes.") Long bytesMax,
            @Description("Nodes that the estimate is for.") Long nodeCount,
            @Description("Relationships that the estimate is for.") Long relationshipCount,
            @Description("`bytesMin` by the memory there is, rounded up to tenths as in GDS; 1.0 is all of it.") Double heapPercentageMin,
            @Description("`bytesMax` by the memory there is, rounded up to tenths as in GDS; 1.0 is all of it.") Double heapPercentageMax) {
        static EstimateRow from(Row row) {
            return new EstimateRow(
                    row.string("requiredMemory"),
                    row.string("treeView"),
                    row.map("mapView"),
                    row.integer("bytesMin"),
                    row.integer("bytesMax"),
                    row.integer("nodeCount"),
                    row.integer("relationshipCount"),
                    row.number("heapPercentageMin"),
                    row.number("heapPercentageMax"));
        }
    }

    /** A row. */
    public record EmbedMutateRow(
            @Description("Nodes that got a vector.") Long nodePropertiesWritten,
            @Description("Milliseconds for adding the property.") Long mutateMillis,
            @Description("Nodes asked for; those that the model knows nothing of get no vector.") Long nodeCount,
            @Description("The configuration that was in force.") Map<String, Object> configuration) {
        static EmbedMutateRow from(Row row) {
            return new EmbedMutateRow(
                    row.integer("nodePropertiesWritten"),
                    row.integer("mutateMillis"),
                    row.integer("nodeCount"),
                    row.map("configuration"));
        }
    }

    /** A row. */
    public record EmbedWriteRow(
            @Description("Nodes asked for; those that the model knows nothing of are left as they are.") Long nodeCount,
            @Description("Nodes that got a vector.") Long nodePropertiesWritten,
            @Description("Milliseconds for writing.") Long writeMillis,
            @Description("The configuration that was in force.") Map<String, Object> configuration) {
        static EmbedWriteRow from(Row row) {
            return new EmbedWriteRow(
                    row.integer("nodeCount"),
                    row.integer("nodePropertiesWritten"),
                    row.integer("writeMillis"),
                    row.map("configuration"));
        }
    }
}
