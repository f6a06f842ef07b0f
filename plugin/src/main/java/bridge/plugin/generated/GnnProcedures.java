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

/** CALL bridge.gnn…: see docs/procedures/gnn.md. */
public final class GnnProcedures extends ProjectionProcedures {
    /** Names GDS in this very class, so that Neo4j skips it, and starts, where GDS is absent. */
    @Context
    public TaskRegistryFactory taskRegistryFactory;

    @Override
    protected TaskRegistryFactory tasks() {
        return taskRegistryFactory;
    }

    @Procedure(name = "bridge.gnn.train", mode = Mode.READ)
    @Description("Train a heterogeneous graph neural network on a projection and keep it as the next version of a model.")
    public Stream<GnnTrainRow> train(
            @Name(value = "graphName", description = "The projection's name in GDS's graph catalog.") String graphName,
            @Name(value = "configuration", defaultValue = "{}", description = "The configuration.") Map<String, Object> configuration) {
        return row("bridge.gnn.train", arguments("graphName", graphName, "configuration", configuration), GnnTrainRow::from);
    }

    @Procedure(name = "bridge.gnn.train.estimate", mode = Mode.READ)
    @Description("Estimate the memory that bridge.gnn.train takes.")
    public Stream<EstimateRow> trainEstimate(
            @Name(value = "graphNameOrConfiguration", description = "The projection's name in GDS's graph catalog; or a map with the `nodeCount` and `relationshipCount` of a graph that need not be there.") Object graphNameOrConfiguration,
            @Name(value = "algoConfiguration", description = "The configuration of the procedure.") Map<String, Object> algoConfiguration) {
        return row("bridge.gnn.train.estimate", arguments("graphNameOrConfiguration", graphNameOrConfiguration, "algoConfiguration", algoConfiguration), EstimateRow::from);
    }

    /** A row. */
    public record GnnTrainRow(
            @Description("The version and how good it is: metrics, baselines, split sizes, losses, seed, fingerprint, warnings.") Map<String, Object> modelInfo,
            @Description("The configuration that was in force.") Map<String, Object> configuration,
            @Description("Milliseconds from the call to the published version.") Long trainMillis) {
        static GnnTrainRow from(Row row) {
            return new GnnTrainRow(
                    row.map("modelInfo"),
                    row.map("configuration"),
                    row.integer("trainMillis"));
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
