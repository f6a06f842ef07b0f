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

/** CALL bridge.predict…: see docs/procedures/predict.md. */
public final class PredictProcedures extends ProjectionProcedures {
    /** Names GDS in this very class, so that Neo4j skips it, and starts, where GDS is absent. */
    @Context
    public TaskRegistryFactory taskRegistryFactory;

    @Override
    protected TaskRegistryFactory tasks() {
        return taskRegistryFactory;
    }

    @Procedure(name = "bridge.predict.stream", mode = Mode.READ)
    @Description("Predicted rating or score of given pairs, from a hosted model.")
    public Stream<PredictRow> stream(
            @Name(value = "graphName", description = "The projection's name in GDS's graph catalog.") String graphName,
            @Name(value = "configuration", defaultValue = "{}", description = "The configuration.") Map<String, Object> configuration) {
        return rows("bridge.predict.stream", arguments("graphName", graphName, "configuration", configuration), PredictRow::from);
    }

    /** A row. */
    public record PredictRow(
            @Description("Neo4j's id of the source node.") Long sourceNodeId,
            @Description("Neo4j's id of the target node.") Long targetNodeId,
            @Description("The predicted value (rating) or the model's score (ranking).") Double score,
            @Description("The version that answered.") Long modelVersion,
            @Description("The model knows too little of one of the two: the score is a mean or a popularity.") Boolean fallback) {
        static PredictRow from(Row row) {
            return new PredictRow(
                    row.integer("sourceNodeId"),
                    row.integer("targetNodeId"),
                    row.number("score"),
                    row.integer("modelVersion"),
                    row.bool("fallback"));
        }
    }
}
