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

/** CALL bridge.node2vec…: see docs/procedures/node2vec.md. */
public final class Node2vecProcedures extends ProjectionProcedures {
    /** Names GDS in this very class, so that Neo4j skips it, and starts, where GDS is absent. */
    @Context
    public TaskRegistryFactory taskRegistryFactory;

    @Override
    protected TaskRegistryFactory tasks() {
        return taskRegistryFactory;
    }

    @Procedure(name = "bridge.node2vec.stream", mode = Mode.READ)
    @Description("Embedding of the nodes by biased random walks and skip-gram with negative sampling (Grover and Leskovec 2016).")
    public Stream<Node2VecStreamRow> stream(
            @Name(value = "graphName", description = "The projection's name in GDS's graph catalog.") String graphName,
            @Name(value = "configuration", defaultValue = "{}", description = "The configuration.") Map<String, Object> configuration) {
        return rows("bridge.node2vec.stream", arguments("graphName", graphName, "configuration", configuration), Node2VecStreamRow::from);
    }

    @Procedure(name = "bridge.node2vec.stream.estimate", mode = Mode.READ)
    @Description("Estimate the memory that bridge.node2vec.stream takes.")
    public Stream<EstimateRow> streamEstimate(
            @Name(value = "graphNameOrConfiguration", description = "The projection's name in GDS's graph catalog; or a map with the `nodeCount` and `relationshipCount` of a graph that need not be there.") Object graphNameOrConfiguration,
            @Name(value = "algoConfiguration", description = "The configuration of the procedure.") Map<String, Object> algoConfiguration) {
        return row("bridge.node2vec.stream.estimate", arguments("graphNameOrConfiguration", graphNameOrConfiguration, "algoConfiguration", algoConfiguration), EstimateRow::from);
    }

    @Procedure(name = "bridge.node2vec.stats", mode = Mode.READ)
    @Description("Embedding of the nodes by biased random walks and skip-gram with negative sampling (Grover and Leskovec 2016).")
    public Stream<Node2VecStatsRow> stats(
            @Name(value = "graphName", description = "The projection's name in GDS's graph catalog.") String graphName,
            @Name(value = "configuration", defaultValue = "{}", description = "The configuration.") Map<String, Object> configuration) {
        return row("bridge.node2vec.stats", arguments("graphName", graphName, "configuration", configuration), Node2VecStatsRow::from);
    }

    @Procedure(name = "bridge.node2vec.stats.estimate", mode = Mode.READ)
    @Description("Estimate the memory that bridge.node2vec.stats takes.")
    public Stream<EstimateRow> statsEstimate(
            @Name(value = "graphNameOrConfiguration", description = "The projection's name in GDS's graph catalog; or a map with the `nodeCount` and `relationshipCount` of a graph that need not be there.") Object graphNameOrConfiguration,
            @Name(value = "algoConfiguration", description = "The configuration of the procedure.") Map<String, Object> algoConfiguration) {
        return row("bridge.node2vec.stats.estimate", arguments("graphNameOrConfiguration", graphNameOrConfiguration, "algoConfiguration", algoConfiguration), EstimateRow::from);
    }

    @Procedure(name = "bridge.node2vec.mutate", mode = Mode.READ)
    @Description("Embedding of the nodes by biased random walks and skip-gram, added to the projection.")
    public Stream<Node2VecMutateRow> mutate(
            @Name(value = "graphName", description = "The projection's name in GDS's graph catalog.") String graphName,
            @Name(value = "configuration", defaultValue = "{}", description = "The configuration.") Map<String, Object> configuration) {
        return row("bridge.node2vec.mutate", arguments("graphName", graphName, "configuration", configuration), Node2VecMutateRow::from);
    }

    @Procedure(name = "bridge.node2vec.mutate.estimate", mode = Mode.READ)
    @Description("Estimate the memory that bridge.node2vec.mutate takes.")
    public Stream<EstimateRow> mutateEstimate(
            @Name(value = "graphNameOrConfiguration", description = "The projection's name in GDS's graph catalog; or a map with the `nodeCount` and `relationshipCount` of a graph that need not be there.") Object graphNameOrConfiguration,
            @Name(value = "algoConfiguration", description = "The configuration of the procedure.") Map<String, Object> algoConfiguration) {
        return row("bridge.node2vec.mutate.estimate", arguments("graphNameOrConfiguration", graphNameOrConfiguration, "algoConfiguration", algoConfiguration), EstimateRow::from);
    }

    @Procedure(name = "bridge.node2vec.write", mode = Mode.WRITE)
    @Description("Embedding of the nodes by biased random walks and skip-gram, written to the database.")
    public Stream<Node2VecWriteRow> write(
            @Name(value = "graphName", description = "The projection's name in GDS's graph catalog.") String graphName,
            @Name(value = "configuration", defaultValue = "{}", description = "The configuration.") Map<String, Object> configuration) {
        return row("bridge.node2vec.write", arguments("graphName", graphName, "configuration", configuration), Node2VecWriteRow::from);
    }

    @Procedure(name = "bridge.node2vec.write.estimate", mode = Mode.READ)
    @Description("Estimate the memory that bridge.node2vec.write takes.")
    public Stream<EstimateRow> writeEstimate(
            @Name(value = "graphNameOrConfiguration", description = "The projection's name in GDS's graph catalog; or a map with the `nodeCount` and `relationshipCount` of a graph that need not be there.") Object graphNameOrConfiguration,
            @Name(value = "algoConfiguration", description = "The configuration of the procedure.") Map<String, Object> algoConfiguration) {
        return row("bridge.node2vec.write.estimate", arguments("graphNameOrConfiguration", graphNameOrConfiguration, "algoConfiguration", algoConfiguration), EstimateRow::from);
    }

    @Procedure(name = "bridge.node2vec.train", mode = Mode.READ)
    @Description("Embedding of the nodes by biased random walks and skip-gram, kept as the next version of a model and measured on held-out relationships.")
    public Stream<Node2VecTrainRow> train(
            @Name(value = "graphName", description = "The projection's name in GDS's graph catalog.") String graphName,
            @Name(value = "configuration", defaultValue = "{}", description = "The configuration.") Map<String, Object> configuration) {
        return row("bridge.node2vec.train", arguments("graphName", graphName, "configuration", configuration), Node2VecTrainRow::from);
    }

    @Procedure(name = "bridge.node2vec.train.estimate", mode = Mode.READ)
    @Description("Estimate the memory that bridge.node2vec.train takes.")
    public Stream<EstimateRow> trainEstimate(
            @Name(value = "graphNameOrConfiguration", description = "The projection's name in GDS's graph catalog; or a map with the `nodeCount` and `relationshipCount` of a graph that need not be there.") Object graphNameOrConfiguration,
            @Name(value = "algoConfiguration", description = "The configuration of the procedure.") Map<String, Object> algoConfiguration) {
        return row("bridge.node2vec.train.estimate", arguments("graphNameOrConfiguration", graphNameOrConfiguration, "algoConfiguration", algoConfiguration), EstimateRow::from);
    }

    /** A row. */
    public record Node2VecStreamRow(
            @Description("Neo4j's id of the node.") Long nodeId,
            @Description("The vector.") List<Double> embedding) {
        static Node2VecStreamRow from(Row row) {
            return new Node2VecStreamRow(
                    row.integer("nodeId"),
                    row.numbers("embedding"));
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
    public record Node2VecStatsRow(
            @Description("Nodes of the labels.") Long nodeCount,
            @Description("Those of them that got no vector.") Long nodesWithoutRelationships,
            @Description("Milliseconds for reading.") Long preProcessingMillis,
            @Description("Milliseconds for walks and training.") Long computeMillis,
            @Description("The configuration that was in force.") Map<String, Object> configuration,
            @Description("Mean loss of a pair in each iteration, as it was trained.") List<Double> lossPerIteration) {
        static Node2VecStatsRow from(Row row) {
            return new Node2VecStatsRow(
                    row.integer("nodeCount"),
                    row.integer("nodesWithoutRelationships"),
                    row.integer("preProcessingMillis"),
                    row.integer("computeMillis"),
                    row.map("configuration"),
                    row.numbers("lossPerIteration"));
        }
    }

    /** A row. */
    public record Node2VecMutateRow(
            @Description("Nodes that got a vector.") Long nodePropertiesWritten,
            @Description("Milliseconds for adding the property.") Long mutateMillis,
            @Description("Nodes of the labels.") Long nodeCount,
            @Description("Those of them that got no vector: the projection has no value for them.") Long nodesWithoutRelationships,
            @Description("Milliseconds for reading.") Long preProcessingMillis,
            @Description("Milliseconds for walks and training.") Long computeMillis,
            @Description("Always 0; the Graph Data Science library has the column.") Long postProcessingMillis,
            @Description("The configuration that was in force.") Map<String, Object> configuration,
            @Description("Mean loss of a pair in each iteration, as it was trained.") List<Double> lossPerIteration) {
        static Node2VecMutateRow from(Row row) {
            return new Node2VecMutateRow(
                    row.integer("nodePropertiesWritten"),
                    row.integer("mutateMillis"),
                    row.integer("nodeCount"),
                    row.integer("nodesWithoutRelationships"),
                    row.integer("preProcessingMillis"),
                    row.integer("computeMillis"),
                    row.integer("postProcessingMillis"),
                    row.map("configuration"),
                    row.numbers("lossPerIteration"));
        }
    }

    /** A row. */
    public record Node2VecWriteRow(
            @Description("Nodes of the labels.") Long nodeCount,
            @Description("Nodes that got a vector.") Long nodePropertiesWritten,
            @Description("Nodes that got no vector and were left as they are, an older value included.") Long nodesWithoutRelationships,
            @Description("Milliseconds for reading.") Long preProcessingMillis,
            @Description("Milliseconds for walks and training.") Long computeMillis,
            @Description("Milliseconds for writing.") Long writeMillis,
            @Description("The configuration that was in force.") Map<String, Object> configuration,
            @Description("Mean loss of a pair in each iteration, as it was trained.") List<Double> lossPerIteration) {
        static Node2VecWriteRow from(Row row) {
            return new Node2VecWriteRow(
                    row.integer("nodeCount"),
                    row.integer("nodePropertiesWritten"),
                    row.integer("nodesWithoutRelationships"),
                    row.integer("preProcessingMillis"),
                    row.integer("computeMillis"),
                    row.integer("writeMillis"),
                    row.map("configuration"),
                    row.numbers("lossPerIteration"));
        }
    }

    /** A row. */
    public record Node2VecTrainRow(
            @Description("The version and how good it is: metrics on held-out relationships, baselines, losses, seeds, fingerprint.") Map<String, Object> modelInfo,
            @Description("The configuration that was in force.") Map<String, Object> configuration,
            @Description("Milliseconds from the call to the published version.") Long trainMillis) {
        static Node2VecTrainRow from(Row row) {
            return new Node2VecTrainRow(
                    row.map("modelInfo"),
                    row.map("configuration"),
                    row.integer("trainMillis"));
        }
    }
}
