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

/** CALL bridge.encode…: see docs/procedures/encode.md. */
public final class EncodeProcedures extends ProjectionProcedures {
    /** Names GDS in this very class, so that Neo4j skips it, and starts, where GDS is absent. */
    @Context
    public TaskRegistryFactory taskRegistryFactory;

    @Override
    protected TaskRegistryFactory tasks() {
        return taskRegistryFactory;
    }

    @Procedure(name = "bridge.encode.multiHot.mutate", mode = Mode.READ)
    @Description("Multi-hot vector of a stored list property, or of the neighbours over relationship types.")
    public Stream<EncodeMultiHotRow> multiHotMutate(
            @Name(value = "graphName", description = "The projection's name in GDS's graph catalog.") String graphName,
            @Name(value = "configuration", defaultValue = "{}", description = "The configuration.") Map<String, Object> configuration) {
        return row("bridge.encode.multiHot.mutate", arguments("graphName", graphName, "configuration", configuration), EncodeMultiHotRow::from);
    }

    @Procedure(name = "bridge.encode.text.mutate", mode = Mode.READ)
    @Description("Embedding of a stored string property of the projected nodes, by a sentence transformer.")
    public Stream<EncodeTextRow> textMutate(
            @Name(value = "graphName", description = "The projection's name in GDS's graph catalog.") String graphName,
            @Name(value = "configuration", defaultValue = "{}", description = "The configuration.") Map<String, Object> configuration) {
        return row("bridge.encode.text.mutate", arguments("graphName", graphName, "configuration", configuration), EncodeTextRow::from);
    }

    @Procedure(name = "bridge.encode.text.mutate.estimate", mode = Mode.READ)
    @Description("Estimate the memory that bridge.encode.text.mutate takes.")
    public Stream<EstimateRow> textMutateEstimate(
            @Name(value = "graphNameOrConfiguration", description = "The projection's name in GDS's graph catalog; or a map with the `nodeCount` and `relationshipCount` of a graph that need not be there.") Object graphNameOrConfiguration,
            @Name(value = "algoConfiguration", description = "The configuration of the procedure.") Map<String, Object> algoConfiguration) {
        return row("bridge.encode.text.mutate.estimate", arguments("graphNameOrConfiguration", graphNameOrConfiguration, "algoConfiguration", algoConfiguration), EstimateRow::from);
    }

    /** A row. */
    public record EncodeMultiHotRow(
            @Description("Nodes that got a vector.") Long nodePropertiesWritten,
            @Description("Milliseconds for adding the property.") Long mutateMillis,
            @Description("Nodes of the labels.") Long nodeCount,
            @Description("Milliseconds for reading.") Long preProcessingMillis,
            @Description("Milliseconds for encoding.") Long computeMillis,
            @Description("The configuration that was in force.") Map<String, Object> configuration,
            @Description("The value that each position stands for.") List<String> vocabulary,
            @Description("Values that a stored vocabulary does not know.") Long valuesIgnored) {
        static EncodeMultiHotRow from(Row row) {
            return new EncodeMultiHotRow(
                    row.integer("nodePropertiesWritten"),
                    row.integer("mutateMillis"),
                    row.integer("nodeCount"),
                    row.integer("preProcessingMillis"),
                    row.integer("computeMillis"),
                    row.map("configuration"),
                    row.list("vocabulary"),
                    row.integer("valuesIgnored"));
        }
    }

    /** A row. */
    public record EncodeTextRow(
            @Description("Nodes that got a vector.") Long nodePropertiesWritten,
            @Description("Milliseconds for adding the property.") Long mutateMillis,
            @Description("Nodes of the labels.") Long nodeCount,
            @Description("Milliseconds for reading.") Long preProcessingMillis,
            @Description("Milliseconds for encoding.") Long computeMillis,
            @Description("The configuration that was in force.") Map<String, Object> configuration,
            @Description("Length of the vectors.") Long embeddingDimension,
            @Description("Nodes whose vector is zero or the mean because they have no text.") Long nodesWithoutText) {
        static EncodeTextRow from(Row row) {
            return new EncodeTextRow(
                    row.integer("nodePropertiesWritten"),
                    row.integer("mutateMillis"),
                    row.integer("nodeCount"),
                    row.integer("preProcessingMillis"),
                    row.integer("computeMillis"),
                    row.map("configuration"),
                    row.integer("embeddingDimension"),
                    row.integer("nodesWithoutText"));
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
}
